"""A compiled grammar: flat ops in one C array that decode octets to values and encode values to octets.

An op is one place of the grammar: how it is coded, and how it hangs in its parent (presence, tag, slot). The children
of an op are the `count` ops from `first` on. `read_op` (program_read.pxi) and `write_op` (program_write.pxi) walk the
same ops; program_acse.pxi and program_data.pxi do so where BER and the tags of Data make a difference. Messages are
instances of frozen slotted classes: their slots are filled and read through the offsets of the member descriptors,
without `__init__`.

While it walks, a run keeps its trail: which op and, in lists, which element it stands in. The trail costs two stores
on the way down and becomes the path of the error when something is wrong: `get-response.result.data`; what is wrong
inside Data is found by the walk of dlms_core.axdr.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_Check,
    PyBytes_CheckExact,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport (
    INT32_MAX,
    INT32_MIN,
    INT64_MAX,
    INT64_MIN,
    int8_t,
    int16_t,
    int32_t,
    int64_t,
    uint8_t,
    uint16_t,
    uint32_t,
    uint64_t,
)

from dlms_core.axdr cimport (
    AXDR_ARRAY,
    AXDR_BIT_STRING,
    AXDR_BOOLEAN,
    AXDR_COMPACT_ARRAY,
    AXDR_DATE,
    AXDR_DEPTH,
    AXDR_DATE_TIME,
    AXDR_FLOAT32,
    AXDR_FLOAT64,
    AXDR_NULL_DATA,
    AXDR_OCTET_STRING,
    AXDR_STRUCTURE,
    AXDR_TIME,
    AXDR_UTF8_STRING,
    AXDR_VISIBLE_STRING,
    Data,
    axdr_bounds,
    axdr_bounds_open,
    axdr_enter,
    axdr_octets,
    axdr_width,
    read_data,
    read_front,
    read_within,
    skip_data,
    write_data,
)
from dlms_core.ber cimport (
    read_bit_string,
    read_integer,
    read_object_identifier,
    write_bits,
    write_integer,
    write_object_identifier,
)
from dlms_core.clock cimport CosemDate, CosemDateTime, CosemTime, date_time_of
from dlms_core.cursor cimport (
    DLMS_COUNT,
    DLMS_LENGTH,
    DLMS_TAG,
    DLMS_TRAILING,
    dlms_be16,
    dlms_be32,
    dlms_be64,
    dlms_cursor,
    dlms_cursor_open,
    dlms_fail,
    dlms_left,
    dlms_length,
    dlms_need,
    dlms_octets,
    dlms_u8,
    dlms_u16,
    dlms_u32,
    dlms_u64,
)
from dlms_core.fault import DecodeError, DlmsError, EncodeError
from dlms_core.fault cimport raise_fault, shown
from dlms_core.sink cimport (
    dlms_length_width,
    dlms_put_be16,
    dlms_put_be32,
    dlms_put_be64,
    dlms_sink,
    dlms_sink_close,
    dlms_sink_length,
    dlms_sink_need,
    dlms_sink_octets,
    dlms_sink_open,
    dlms_sink_u8,
    dlms_sink_u16,
    dlms_sink_u32,
    dlms_sink_u64,
    dlms_sink_wrap,
)


cdef extern from "slots.h":
    Py_ssize_t dlms_slot_offset(object)
    PyObject* dlms_slot(PyObject*, Py_ssize_t)
    void dlms_set_slot(PyObject*, Py_ssize_t, PyObject*)

cdef extern from *:
    """
    /* The value of an int of one digit, without a call; 0 for any other object. */
    static inline int dlms_small_int(PyObject *object, int64_t *value) {
        if (!PyLong_CheckExact(object)) return 0;
    #if PY_VERSION_HEX >= 0x030C0000
        if (!PyUnstable_Long_IsCompact((PyLongObject *)object)) return 0;
        *value = PyUnstable_Long_CompactValue((PyLongObject *)object);
    #else
        Py_ssize_t size = Py_SIZE(object);
        if (size < -1 || size > 1) return 0;
        *value = size == 0 ? 0 : size * (int64_t)((PyLongObject *)object)->ob_digit[0];
    #endif
        return 1;
    }
    static inline PyObject *dlms_new(PyObject *type) {
        return ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
    }
    """
    bint dlms_small_int(object, int64_t*)
    object dlms_new(PyObject*)
    bint PyLong_Check(object)
    bint PyLong_CheckExact(object)
    bint PyBool_Check(object)
    bint PyFloat_Check(object)
    bint PyUnicode_Check(object)
    bint PyList_CheckExact(object)
    bint PyTuple_CheckExact(object)
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1
    uint64_t PyLong_AsUnsignedLongLong(object) except? 0xFFFFFFFFFFFFFFFF
    PyTypeObject* Py_TYPE(object)


cdef enum Kind:
    UNSIGNED8 = 1
    UNSIGNED16
    UNSIGNED32
    UNSIGNED64
    INTEGER8
    INTEGER16
    INTEGER32
    INTEGER64
    BOOLEAN
    OCTETS            # size: how many, or -1 for a length in front
    VISIBLE_STRING
    BIT_STRING
    ENUMERATED        # object: the class; members: its members by number, or None
    NULL_TYPE
    ANY_DATA
    DATA_OCTETS       # any Data, as its octets
    DATA_REMAINDER    # a Data that is cut off or counts wrong, as all octets from its first one on
    DATE_TIME
    CONFORMANCE       # object: the class
    REMAINDER
    CONTENTS          # one child
    SEQUENCE          # object: the class; children: the fields
    SEQUENCE_OF       # one child
    CHOICE            # table: tag -> child
    BER_SEQUENCE      # as SEQUENCE; table: tag -> field
    BER_INTEGER_KIND
    BER_OCTETS
    BER_IDENTIFIER
    BER_BITS
    BER_ENUMERATED
    BER_CHOICE
    BER_CONTENTS
    SCALAR            # tag: of Data; object: its class; default, members: of an enumeration, or None
    MEANT_OCTETS      # object: the class; tag, also
    ARRAY
    STRUCTURE         # object: the class, or None for a tuple
    DATA_CHOICE       # table: tag -> child


cdef enum Presence:
    REQUIRED = 0
    OPTIONAL
    DEFAULT
    CONDITIONAL


# What the front end calls each kind and presence.
KINDS = {
    "unsigned8": UNSIGNED8, "unsigned16": UNSIGNED16, "unsigned32": UNSIGNED32, "unsigned64": UNSIGNED64,
    "integer8": INTEGER8, "integer16": INTEGER16, "integer32": INTEGER32, "integer64": INTEGER64,
    "boolean": BOOLEAN, "octets": OCTETS, "visible-string": VISIBLE_STRING, "bit-string": BIT_STRING,
    "enumerated": ENUMERATED, "null": NULL_TYPE, "data": ANY_DATA, "data-octets": DATA_OCTETS,
    "data-remainder": DATA_REMAINDER, "date-time": DATE_TIME,
    "conformance": CONFORMANCE, "remainder": REMAINDER, "contents": CONTENTS, "sequence": SEQUENCE,
    "sequence-of": SEQUENCE_OF, "choice": CHOICE, "ber-sequence": BER_SEQUENCE, "ber-integer": BER_INTEGER_KIND,
    "ber-octets": BER_OCTETS, "ber-object-identifier": BER_IDENTIFIER, "ber-bit-string": BER_BITS,
    "ber-enumerated": BER_ENUMERATED, "ber-choice": BER_CHOICE, "ber-contents": BER_CONTENTS, "scalar": SCALAR,
    "meant-octets": MEANT_OCTETS, "array": ARRAY, "structure": STRUCTURE, "data-choice": DATA_CHOICE,
}
PRESENCES = {"required": REQUIRED, "optional": OPTIONAL, "default": DEFAULT, "conditional": CONDITIONAL}

# How deep ops may nest: what the trail holds. The deepest declaration of the book needs about ten.
cdef enum:
    TRAIL = 32
    NO_CHILD = 0xFFFF

DEEPEST = TRAIL


cdef struct Op:
    uint8_t kind
    uint8_t presence
    uint8_t tag           # of the field under BER, of the alternative in its choice, of Data
    uint8_t inner         # under BER: the universal tag inside an explicit tag, or 0
    uint8_t also          # MEANT_OCTETS: another tag of Data that says the same
    uint8_t omissible
    uint8_t silent        # no part of paths
    uint8_t mask          # CONDITIONAL: bits of the earlier field, or 0
    uint8_t equals        # CONDITIONAL, without mask: its value
    uint32_t first
    uint32_t count
    int64_t size
    Py_ssize_t slot       # in the parent's object, or -1
    Py_ssize_t deviations  # slot of the message's own, or -1
    Py_ssize_t condition  # slot of the earlier field
    PyObject* object
    PyObject* default
    PyObject* members     # a tuple of 256: member or None
    PyObject* label       # str or None
    uint16_t* table       # 256 positions among the children


cdef struct Step:
    const Op* op
    Py_ssize_t index


cdef struct Run:
    dlms_cursor cursor
    axdr_bounds bounds
    const Op* ops
    PyObject* deviations  # a list, once there is one
    PyObject* layer
    int depth
    bint in_data          # the reader of Data is at work
    bint front            # a Data that breaks is taken as far as it can be read
    PyObject* broken      # the DecodeError of that Data, once there is one
    Step trail[2 * TRAIL + 2]  # an op takes two steps at most: its place in its parent, and its own elements


cdef inline void descend(Run* run, const Op* op) noexcept:
    run.trail[run.depth].op = op
    run.trail[run.depth].index = -1
    run.depth += 1


cdef str trail_path(const Run* run):
    cdef list words = []
    cdef int i
    for i in range(run.depth):
        label = <object>run.trail[i].op.label
        if label is not None and not run.trail[i].op.silent:
            if words:
                words.append(".")
            words.append(label)
        if run.trail[i].index >= 0:
            words.append(f"[{run.trail[i].index}]")
    return "".join(words)


include "program_read.pxi"
include "program_write.pxi"
include "program_acse.pxi"
include "program_data.pxi"


cdef Py_ssize_t slot_offset(object descriptor) except -2:
    if descriptor is None:
        return -1
    cdef Py_ssize_t offset = dlms_slot_offset(descriptor)
    if offset < 0:
        raise TypeError(f"{descriptor!r} is not a slot")
    return offset


cdef PyObject* keep(list kept, object value):
    kept.append(value)
    return <PyObject*>value


@cython.final
cdef class Program:
    """A compiled declaration. Immutable; any number of threads may run it at once.

    `ops` describe the ops, the first one the root: mappings of `kind` (KINDS), `label`, `presence` (PRESENCES), `tag`,
    `inner`, `also`, `size`, `first`, `count`, `object`, `members`, `default`, `slot`, `deviations`, `condition` (member
    descriptors), `mask`, `equals`, `omissible`, `silent` and `table` (tag -> position among the children), each left
    out where it says nothing. Children must follow their parents. `messages` gives, for each class that `encode` takes
    besides the root's own values, the octets that come first, its op, and what paths begin with. `layer` names what
    errors count octets of.
    """

    cdef Op* ops
    cdef Py_ssize_t used
    cdef readonly str layer
    cdef tuple kept       # owns every object that the ops point to
    cdef dict messages

    def __cinit__(self, ops, *, layer, messages=None):
        cdef list kept = []
        cdef list described = list(ops)
        self.layer = layer
        self.used = len(described)
        self.ops = <Op*>PyMem_Calloc(max(self.used, 1), sizeof(Op))
        if self.ops == NULL:
            raise MemoryError
        for at, op in enumerate(described):
            self.describe(at, op, kept)
        self.kept = tuple(kept)
        self.check_depth()
        self.messages = dict(messages or {})

    def __init__(self, ops, *, layer, messages=None):
        pass

    def __dealloc__(self):
        cdef Py_ssize_t at
        if self.ops != NULL:
            for at in range(self.used):
                PyMem_Free(self.ops[at].table)
            PyMem_Free(self.ops)

    cdef int describe(self, Py_ssize_t at, dict op, list kept) except -1:
        cdef Op* to = &self.ops[at]
        cdef Py_ssize_t tag
        to.kind = KINDS[op["kind"]]
        to.presence = PRESENCES[op.get("presence", "required")]
        to.tag = op.get("tag") or 0
        to.inner = op.get("inner", 0)
        to.also = op.get("also", to.tag)
        to.omissible = op.get("omissible", False)
        to.silent = op.get("silent", False)
        to.mask = op.get("mask") or 0
        to.equals = op.get("equals") or 0
        to.first = op.get("first", 0)
        to.count = op.get("count", 0)
        if to.count and (to.first <= at or to.first + to.count > self.used):
            raise ValueError(f"op {at}: its children are not behind it")
        to.size = op.get("size", -1)
        to.slot = slot_offset(op.get("slot"))
        to.deviations = slot_offset(op.get("deviations"))
        to.condition = slot_offset(op.get("condition"))
        to.object = keep(kept, op.get("object"))
        to.default = keep(kept, op.get("default"))
        to.members = keep(kept, op.get("members"))
        to.label = keep(kept, op.get("label"))
        if "table" in op:
            to.table = <uint16_t*>PyMem_Calloc(256, sizeof(uint16_t))
            if to.table == NULL:
                raise MemoryError
            for tag in range(256):
                to.table[tag] = op["table"].get(tag, NO_CHILD)
        return 0

    cdef int check_depth(self) except -1:
        """Children follow their parents, so one pass finds how deep the ops nest."""
        cdef list deepest = [1] * self.used
        cdef Py_ssize_t at
        cdef uint32_t child
        for at in range(self.used):
            if deepest[at] > TRAIL:
                raise ValueError(f"the grammar nests deeper than {TRAIL}")
            for child in range(self.ops[at].first, self.ops[at].first + self.ops[at].count):
                deepest[child] = max(deepest[child], deepest[at] + 1)
        return 0

    cdef object decode_octets(
        self, const uint8_t* octets, size_t count, size_t* taken, bint front=False, bytes given=None
    ):
        """The value of all octets, or, where `taken` is given, of the first ones and how many these are; with `front`
        a pair of the value and the DecodeError of the Data that it could be read up to, or None. `given` are the octets
        for whoever catches a DecodeError."""
        cdef Run run
        cdef const Op* root = self.ops
        dlms_cursor_open(&run.cursor, octets, count)
        axdr_bounds_open(&run.bounds, count)
        run.ops = self.ops
        run.deviations = NULL
        run.layer = <PyObject*>self.layer
        run.depth = 0
        run.in_data = False
        run.front = front
        run.broken = NULL
        try:
            descend(&run, root)
            value = read_op(&run, root)
            if run.broken != NULL:
                return value, <object>run.broken
            if taken != NULL:
                taken[0] = run.cursor.at - run.cursor.origin
            elif run.cursor.at != run.cursor.end:
                read_trailing(&run, value)
            if run.deviations != NULL:
                record_deviations(&run, value)
            return (value, None) if front else value
        except DecodeError as error:
            error.octets = given
            if run.in_data:
                # Raised by the reader of Data: its offset counts from our first octet, its path from where it began.
                error.layer = self.layer
                error.path = trail_path(&run) + error.path
            raise
        finally:
            Py_XDECREF(run.deviations)
            Py_XDECREF(run.broken)

    def decode(self, octets, /):
        """The value that `octets` stand for; DecodeError with its path and offset where they stand for none."""
        cdef Py_buffer view
        if PyBytes_CheckExact(octets):
            return self.decode_octets(
                <const uint8_t*>PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets), NULL, False, octets
            )
        PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
        try:
            return self.decode_octets(<const uint8_t*>view.buf, view.len, NULL)
        finally:
            PyBuffer_Release(&view)

    def decode_first(self, octets, /):
        """(the value that `octets` begin with, how many octets it takes); DecodeError as `decode`."""
        cdef Py_buffer view
        cdef size_t taken
        PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
        try:
            value = self.decode_octets(<const uint8_t*>view.buf, view.len, &taken)
            return value, taken
        finally:
            PyBuffer_Release(&view)

    def decode_front(self, octets, /):
        """(the value of `octets`, None), or where a Data in it breaks off: (what can be read up to there, the
        DecodeError). The elements of its arrays and structures before the fault are there, later ones are missing.
        DecodeError where the fault is elsewhere."""
        cdef Py_buffer view
        PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
        try:
            return self.decode_octets(<const uint8_t*>view.buf, view.len, NULL, True)
        finally:
            PyBuffer_Release(&view)

    def encode(self, value, /):
        """The octets of `value`; EncodeError with its path where its type cannot hold it."""
        cdef Run run
        cdef dlms_sink sink
        cdef const Op* root = self.ops
        cdef bytes first
        cdef tuple entry
        run.ops = self.ops
        run.layer = <PyObject*>self.layer
        run.depth = 0
        entry = self.messages.get(type(value))
        dlms_sink_open(&sink)
        try:
            if entry is not None:
                first = entry[0]
                root = &self.ops[<Py_ssize_t>entry[1]]
                put(dlms_sink_octets(&sink, <const uint8_t*>PyBytes_AS_STRING(first), PyBytes_GET_SIZE(first)))
            else:
                descend(&run, root)
            write_op(&run, &sink, root, value)
            return PyBytes_FromStringAndSize(<char*>sink.octets, sink.used)
        except EncodeError as error:
            error.path = trail_path(&run) + error.path
            if entry is not None:
                error.path = f"{entry[2]}.{error.path}" if error.path else entry[2]
            raise
        finally:
            dlms_sink_close(&sink)

"""A-XDR Data (IEC 61334-6; Blue Book, "Data types"): octets <-> typed values and plain Python.

Plain forms: array list, structure tuple, octet-string bytes, integers, enum, bcd and deltas int, boolean bool, floats
float, null-data None, bit-string str of "0" and "1", visible-string and utf8-string str, date-time, date and time the
classes of dlms_core.clock, compact-array the list of its elements, dont-care DONT_CARE.

Decoding is total and bounded: depth (32), elements (8 x octets + 1024), octets of input (256 MiB).
"""

import sys

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_AsUnsignedLongLong
from cpython.number cimport PyNumber_Index
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.math cimport fabs, isfinite
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from dlms_core.clock cimport date_of, date_time_of, time_of
from dlms_core.cursor cimport (
    DLMS_OK,
    DLMS_PYTHON,
    DLMS_SIZE,
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
    dlms_octets,
    dlms_u8,
)
from dlms_core.fault cimport raise_fault, shown, tag_words
from dlms_core.sink cimport (
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
)

from dlms_core.clock import CosemDate, CosemDateTime, CosemTime
from dlms_core.fault import DecodeError, EncodeError

cdef extern from *:
    const Py_ssize_t PY_SSIZE_T_MAX
    PyObject* PyTuple_GET_ITEM(tuple, Py_ssize_t)  # borrowed, so without the reference that cpython.tuple takes

cdef enum:
    LARGEST_INPUT = 1 << 28

cdef uint64_t LONGEST = 0xFFFFFFFF  # the largest length that four octets say


cdef int put(bint written) except -1:
    if not written:
        raise MemoryError
    return 0


include "axdr_scalars.pxi"
include "axdr_strings.pxi"
include "axdr_sequences.pxi"

DONT_CARE = DontCare()
cdef Data dont_care = DONT_CARE
cdef Data null_data = NullData()
cdef tuple NOTHING = ()

# The classes by tag; dont-care is not among them.
cdef tuple KINDS = (
    NullData, Array, Structure, Boolean, BitString, DoubleLong, DoubleLongUnsigned, None, None, OctetString,
    VisibleString, None, Utf8String, Bcd, None, Integer, Long, Unsigned, LongUnsigned, CompactArray,
    Long64, Long64Unsigned, Enum, Float32, Float64, DateTime, Date, Time, DeltaInteger, DeltaLong,
    DeltaDoubleLong, DeltaUnsigned, DeltaLongUnsigned, DeltaDoubleLongUnsigned,
)


cdef object kind_of(uint8_t tag):
    return DontCare if tag == AXDR_DONT_CARE else KINDS[tag]


cdef inline Data new_value(uint8_t tag):
    """An empty value of a known tag with content."""
    return <Data>axdr_new(PyTuple_GET_ITEM(KINDS, tag), NOTHING)


cdef uint64_t number_bits(uint8_t tag, int width, const uint8_t* p) noexcept:
    """The content of a number in 64 bits, with its sign."""
    cdef bint negative_too = is_signed(tag)
    if width == 1:
        return <uint64_t><int64_t><int8_t>p[0] if negative_too else p[0]
    if width == 2:
        return <uint64_t><int64_t><int16_t>dlms_be16(p) if negative_too else dlms_be16(p)
    if width == 4:
        return <uint64_t><int64_t><int32_t>dlms_be32(p) if negative_too else dlms_be32(p)
    return dlms_be64(p)


cdef Data typed_leaf(dlms_cursor* c, uint8_t tag, const uint8_t* where):
    cdef int width = axdr_width(tag)
    cdef const uint8_t* p
    cdef size_t count
    cdef Data value
    if width == 0:
        return null_data if tag == AXDR_NULL_DATA else dont_care
    if width > 0:
        count = width
        if not dlms_octets(c, count, &p):
            return None
        value = new_value(tag)
        if AXDR_DATE_TIME <= tag <= AXDR_TIME:
            (<Octets>value).octets = PyBytes_FromStringAndSize(<const char*>p, count)
        else:
            value.bits = number_bits(tag, width, p)
        return value
    if width == AXDR_OCTETS:
        if not axdr_octets(c, &p, &count):
            return None
        value = new_value(tag)
    elif width == AXDR_BITS:
        if not axdr_bits(c, &p, &count):
            return None
        value = new_value(tag)
        value.bits = count
        count = count // 8 + (count % 8 != 0)
    else:
        dlms_fail(c, DLMS_TAG, where, -1, tag)
        return None
    (<Octets>value).octets = PyBytes_FromStringAndSize(<const char*>p, count)
    return value


cdef Data typed_compact(dlms_cursor* c, axdr_bounds* bounds):
    cdef const uint8_t* start = c.at
    cdef dlms_cursor contents
    cdef axdr_description description
    cdef CompactArray value
    cdef size_t rows
    try:
        if not axdr_enter_compact(c, bounds, &description, &contents):
            return None
        value = CompactArray.__new__(CompactArray)
        value.description = PyBytes_FromStringAndSize(<const char*>start, description.end - start)
        value.contents = PyBytes_FromStringAndSize(<const char*>contents.at, dlms_left(&contents))
        value.bits = description.depth + 1
        if not axdr_skip_rows(&contents, bounds, &description, NULL, &rows):
            c.fault = contents.fault
            return None
        value.count = rows
        bounds.depth += 1
        return value
    finally:
        axdr_description_close(&description)


cdef Data typed_value(dlms_cursor* c, axdr_bounds* bounds):
    """One value with its tag, or None with a fault in the cursor."""
    cdef const uint8_t* where = c.at
    cdef uint8_t tag
    cdef size_t count, i
    cdef uint64_t deepest = 0
    cdef Elements value
    cdef Data element
    cdef tuple elements
    if not dlms_u8(c, &tag):
        return None
    if tag == AXDR_COMPACT_ARRAY:
        return typed_compact(c, bounds)
    if axdr_width(tag) != AXDR_SEQUENCE:
        return typed_leaf(c, tag, where)
    if not axdr_enter(c, bounds, &count):
        return None
    elements = <tuple>PyTuple_New(count)
    for i in range(count):
        bounds.owed -= 1
        element = typed_value(c, bounds)
        if element is None:
            return None
        if element.code <= AXDR_STRUCTURE or element.code == AXDR_COMPACT_ARRAY:
            deepest = max(deepest, element.bits)
        Py_INCREF(element)
        PyTuple_SET_ITEM(elements, i, element)
    bounds.depth += 1
    value = <Elements>new_value(tag)
    value.elements = elements
    value.bits = deepest + 1
    return value


cdef int refuse(dlms_cursor* c, const uint8_t* start, const axdr_bounds* before) except -1:
    """Raises what the fault in `c` says. The value at `start` is walked once more to find the path to the fault."""
    cdef dlms_cursor again = c[0]
    cdef axdr_bounds bounds = before[0]
    cdef axdr_path path
    cdef int i
    c.at = start
    if c.fault.code == DLMS_PYTHON:
        return -1
    again.at = start
    again.fault.code = DLMS_OK
    path.used = 0
    axdr_skip(&again, &bounds, &path)
    return raise_fault(&c.fault, "axdr", "".join([f"[{path.index[i]}]" for i in range(path.used)]))


cdef object read_within(dlms_cursor* cursor, bint typed, axdr_bounds* bounds):
    cdef const uint8_t* start = cursor.at
    cdef axdr_bounds before = bounds[0]
    cdef axdr_makers makers
    cdef PyObject* made
    cdef Data value
    if typed:
        value = typed_value(cursor, bounds)
        if value is None:
            refuse(cursor, start, &before)
        return value
    makers.dont_care = <PyObject*>dont_care
    makers.clock = moment_of
    made = axdr_plain(cursor, bounds, &makers)
    if made is NULL:
        refuse(cursor, start, &before)
    plain = <object>made
    Py_DECREF(plain)
    return plain


cdef object read_data(dlms_cursor* cursor, bint typed):
    cdef axdr_bounds bounds
    axdr_bounds_open(&bounds, dlms_left(cursor))
    return read_within(cursor, typed, &bounds)


cdef object read_front(dlms_cursor* cursor, int depth):
    cdef const uint8_t* start
    cdef uint8_t tag = 0
    cdef size_t count = 0, _i
    cdef list elements = []
    if not depth or not dlms_u8(cursor, &tag) or tag not in (AXDR_ARRAY, AXDR_STRUCTURE):
        return None
    if not dlms_length(cursor, &count):
        return None
    for _i in range(count):
        start = cursor.at
        try:
            elements.append(read_data(cursor, True))
        except DecodeError:
            cursor.at = start
            part = read_front(cursor, depth - 1)
            if part is not None:
                elements.append(part)
            break
    return Array(elements) if tag == AXDR_ARRAY else Structure(elements)


cdef bint skip_data(dlms_cursor* cursor) noexcept nogil:
    cdef axdr_bounds bounds
    axdr_bounds_open(&bounds, dlms_left(cursor))
    return axdr_skip(cursor, &bounds, NULL)


cdef int write_leaf(dlms_sink* sink, Data value) except -1:
    cdef int width = axdr_width(value.code)
    cdef const uint8_t* octets
    cdef uint8_t* at
    cdef Py_ssize_t count
    if width < 0 or AXDR_DATE_TIME <= value.code <= AXDR_TIME:
        octets = octets_of((<Octets>value).octets)
        count = PyBytes_GET_SIZE((<Octets>value).octets)
        if <uint64_t>count > LONGEST or value.bits > LONGEST:
            raise EncodeError(f"{tag_words(value.code)} cannot hold {count} octets")
        if width < 0:
            put(dlms_sink_length(sink, value.bits if width == AXDR_BITS else <size_t>count))
        return put(dlms_sink_octets(sink, octets, count))
    put(dlms_sink_need(sink, 8))
    at = sink.octets + sink.used
    if width == 1:
        at[0] = <uint8_t>value.bits
    elif width == 2:
        dlms_put_be16(at, <uint16_t>value.bits)
    elif width == 4:
        dlms_put_be32(at, <uint32_t>value.bits)
    elif width == 8:
        dlms_put_be64(at, value.bits)
    sink.used += width
    return 0


cdef int write_typed(dlms_sink* sink, Data value) except -1:
    cdef tuple elements
    cdef Py_ssize_t i
    cdef CompactArray compact
    put(dlms_sink_u8(sink, value.code))
    if value.code == AXDR_ARRAY or value.code == AXDR_STRUCTURE:
        elements = (<Elements>value).elements
        put(dlms_sink_length(sink, len(elements)))
        for i in range(len(elements)):
            write_typed(sink, <Data>PyTuple_GET_ITEM(elements, i))
    elif value.code == AXDR_COMPACT_ARRAY:
        compact = <CompactArray>value
        if <uint64_t>len(compact.contents) > LONGEST:
            raise EncodeError(f"compact-array (19) cannot hold {len(compact.contents)} octets")
        put(dlms_sink_octets(sink, octets_of(compact.description), len(compact.description)))
        put(dlms_sink_length(sink, len(compact.contents)))
        put(dlms_sink_octets(sink, octets_of(compact.contents), len(compact.contents)))
    else:
        write_leaf(sink, value)
    return 0


cdef int write_value(dlms_sink* sink, object value, int depth) except -1:
    """A typed value, or a plain one that can have one tag only."""
    cdef Py_ssize_t i
    if isinstance(value, Data):
        return write_typed(sink, value)
    if value is None:
        return put(dlms_sink_u8(sink, AXDR_NULL_DATA))
    if value is True or value is False:
        return put(dlms_sink_u8(sink, AXDR_BOOLEAN) and dlms_sink_u8(sink, 1 if value else 0))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return write_typed(sink, OctetString(value))
    if not isinstance(value, (list, tuple)):
        if isinstance(value, (int, float, str, CosemDateTime, CosemDate, CosemTime)):
            words = "may have several tags: give a type, or a value of dlms.data"
        else:
            words = "has no form in A-XDR"
        raise EncodeError(f"{type(value).__name__} {shown(value)} {words}")
    if depth <= 0:
        raise EncodeError(f"nested deeper than {AXDR_DEEPEST}")
    put(dlms_sink_u8(sink, AXDR_ARRAY if isinstance(value, list) else AXDR_STRUCTURE))
    put(dlms_sink_length(sink, len(value)))
    for i in range(len(value)):
        try:
            write_value(sink, value[i], depth - 1)
        except EncodeError as error:
            raise EncodeError(error.reason, path=f"[{i}]{error.path}") from None
    return 0


cdef int write_data(dlms_sink* sink, object value) except -1:
    return write_value(sink, value, AXDR_DEEPEST)


def loads(
    octets, bint typed=False, *, int max_depth=AXDR_DEPTH, max_elements=None, Py_ssize_t max_size=LARGEST_INPUT
):
    """The one A-XDR Data that `octets` (bytes, bytearray, memoryview) are, in plain Python or as `typed` values.

    `max_depth` (1 to 256) bounds how deep sequences nest, `max_elements` how many elements they have together (8 for
    each octet and 1024 by default), `max_size` the octets. DecodeError says what cannot be read, with path and offset;
    octets left over are an error too.
    """
    cdef Py_buffer buffer
    cdef dlms_cursor cursor
    cdef axdr_bounds bounds
    PyObject_GetBuffer(octets, &buffer, PyBUF_SIMPLE)
    try:
        dlms_cursor_open(&cursor, <const uint8_t*>buffer.buf, buffer.len)
        axdr_bounds_open(&bounds, buffer.len)
        if not 1 <= max_depth <= AXDR_DEEPEST:
            raise ValueError(f"max_depth is 1 to {AXDR_DEEPEST}, not {max_depth}")
        bounds.depth = bounds.deepest = max_depth
        if max_elements is not None:
            bounds.values = max_elements
        if buffer.len > max_size:
            dlms_fail(&cursor, DLMS_SIZE, cursor.at, max_size, buffer.len)
            raise_fault(&cursor.fault, "axdr")
        value = read_within(&cursor, typed, &bounds)
        if cursor.at != cursor.end:
            dlms_fail(&cursor, DLMS_TRAILING, cursor.at, 0, dlms_left(&cursor))
            raise_fault(&cursor.fault, "axdr")
        return value
    finally:
        PyBuffer_Release(&buffer)


def dumps(value):
    """The A-XDR octets of a value of dlms.data, or of a plain one that can have one tag only.

    These are None (null-data), True and False (boolean), octets (octet-string), and a tuple (structure) or list
    (array: a compact-array needs types that a list does not have) of what can be encoded. An int may have any of
    eighteen tags, a str three, a float two, a CosemDateTime two (date-time or octet-string): EncodeError.
    """
    cdef dlms_sink sink
    dlms_sink_open(&sink)
    try:
        write_data(&sink, value)
        return PyBytes_FromStringAndSize(<const char*>sink.octets, sink.used)
    finally:
        dlms_sink_close(&sink)

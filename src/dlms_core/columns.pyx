"""Rows of a buffer (a profile's array of structures, or a compact-array) as numpy columns.

A `Plan` says how a row is cut into leaves and what each leaf becomes; `Columns` holds the arrays. `unpack` learns the
plan from the octets; `Plan.unpack` fills arrays made before, without an allocation. The work is done without the GIL
(row_engine.h); only columns of objects (strings, mixed kinds) are finished with it.

Every column has a mask, one octet for each cell:

    1 IS_NULL        null-data, or missing from a short row
    2 IS_REBUILT     null-data that was filled: the value before, or for a clock the time before plus the capture step
    4 IS_OTHER_TYPE  a value of another kind than its column's first, a delta without a value to add it to, or a time
                     that its octets cannot mean: month 13, an octet-string of 5 octets among date-times (not-a-time)
    8 IS_WILDCARD    a time with fields that are not specified, or special (not-a-time)

A cell without a value is 0, False, not-a-number, not-a-time or None. Deltas add up exactly: a sum that leaves the
column's type widens the column, it never wraps.
"""

cimport cython
cimport numpy as cnp
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memmove, memset

from dlms_core.axdr cimport (
    axdr_bit_text,
    axdr_bounds,
    axdr_bounds_open,
    axdr_describe,
    axdr_description,
    axdr_description_close,
    axdr_enter_compact,
    axdr_path,
    axdr_skip_rows,
    axdr_text,
    read_data,
    skip_data,
    write_data,
    write_leaf,
)
from dlms_core.clock cimport DLMS_NO_DEVIATION, date_of, date_time_of, time_of, time_rule
from dlms_core.cursor cimport (
    DLMS_COUNT,
    DLMS_PYTHON,
    DLMS_SIZE,
    DLMS_TAG,
    DLMS_TRAILING,
    DLMS_TRUNCATED,
    DLMS_VALUE,
    dlms_cursor,
    dlms_cursor_open,
    dlms_fail,
    dlms_fault,
    dlms_left,
    dlms_length,
    dlms_offset,
    dlms_u8,
)
from dlms_core.fault cimport raise_fault
from dlms_core.sink cimport (
    dlms_length_width,
    dlms_put_length,
    dlms_sink,
    dlms_sink_close,
    dlms_sink_length,
    dlms_sink_need,
    dlms_sink_octets,
    dlms_sink_open,
    dlms_sink_u8,
)

import numpy as np

from dlms_core.axdr import BitString, OctetString, Utf8String, VisibleString
from dlms_core.clock import CosemDateTime
from dlms_core.fault import DecodeError, EncodeError

cdef extern from "numpy/arrayobject.h":
    ctypedef struct PyArray_Descr:
        pass
    object PyArray_Empty(int dimensions, cnp.npy_intp* shape, PyArray_Descr* dtype, int fortran)

cnp.import_array()

IS_NULL = MASK_NULL
IS_REBUILT = MASK_REBUILT
IS_OTHER_TYPE = MASK_OTHER_TYPE
IS_WILDCARD = MASK_WILDCARD

cdef enum:
    GIL_OCTETS = 4096  # below that, letting go of the GIL costs more than it gives
    LEARN_ROWS = 64  # rows looked at before a column may stay without a type
    LONGEST_STEP = 366 * 86400  # seconds

# By store.
cdef tuple DTYPES = (
    np.dtype(object), np.dtype("u1"), np.dtype("i1"), np.dtype("u2"), np.dtype("i2"), np.dtype("u4"),
    np.dtype("i4"), np.dtype("u8"), np.dtype("i8"), np.dtype(bool), np.dtype("f4"), np.dtype("f8"), np.dtype("f8"),
    np.dtype("M8[ms]"), np.dtype("M8[ms]"), np.dtype("m8[ms]"), np.dtype(object),
)
# By tag: what is written for the objects of a column.
cdef dict OBJECT_TYPES = {4: BitString, 9: OctetString, 10: VisibleString, 12: Utf8String}
cdef object MASK_DTYPE = np.dtype("u1")
cdef object DEVIATION_DTYPE = np.dtype("i2")


cdef str kind_name(uint32_t kinds):
    """The word for a column with cells of these kinds."""
    kinds &= ~KINDS_VOID
    if kinds == 0:
        return "null-data"
    if kinds == KIND_BIT(CELL_INTEGER):
        return "integer"
    if kinds == KIND_BIT(CELL_BOOLEAN):
        return "boolean"
    if kinds == KIND_BIT(CELL_FLOAT):
        return "float"
    if kinds == KIND_BIT(CELL_DATE_TIME):
        return "date-time"
    if kinds == KIND_BIT(CELL_DATE):
        return "date"
    if kinds == KIND_BIT(CELL_TIME):
        return "time"
    if kinds == KIND_BIT(CELL_OCTETS):
        return "octet-string"
    if kinds == KIND_BIT(CELL_TEXT):
        return "text"
    if kinds == KIND_BIT(CELL_BITS):
        return "bit-string"
    if kinds == KIND_BIT(CELL_COMPACT):
        return "compact-array"
    return "mixed"


cdef object new_array(Py_ssize_t rows, object dtype):
    cdef cnp.npy_intp size = rows
    Py_INCREF(dtype)  # PyArray_Empty keeps it
    return PyArray_Empty(1, &size, <PyArray_Descr*>dtype, 0)


cdef inline void* array_data(object array):
    return cnp.PyArray_DATA(<cnp.ndarray>array)


@cython.final
cdef class Column:
    """One column of a plan.

    `path` leads to it in a row: (3,) is the fourth capture object, (3, 0) the first member of a structure there, ()
    the row itself where rows are no structures. `kind` is what its values are. `tag` is the Data tag of all of them,
    None where there is none or they differ. `dtype` is that of its array: integers of one type have their own, of
    several types the smallest of int64, uint64, float64 that is exact, else object.
    """

    def __init__(self):
        raise TypeError("columns belong to a Plan")

    def __repr__(self):
        return f"Column(path={self.path}, kind={self.kind!r}, tag={self.tag}, dtype={self.dtype})"


include "columns_buffer.pxi"


cdef class Plan:
    """How rows become columns and columns rows. Immutable; may be used by several threads at once.

    The rules: `clocks` are the top-level positions whose null-data means "the time before plus `capture_step`
    ms" (negative where rows are sorted youngest first; 0: not known, then such a time is not-a-time); None means
    the first column of date-times. `nulls` "repeat" rebuilds null-data, "missing" fills nothing. Octet-strings
    are date-times at the positions of `clocks`, and in any column whose first value is one or reads as one.
    `deviation_sign` and `daylight_saving_apart` are those of CosemDateTime.epoch_milliseconds.
    """

    def __init__(self):
        raise TypeError("plans come from Plan.learn or Plan.of_tags")

    def __dealloc__(self):
        dlms_layout_close(&self.layout)
        free(self.prototypes)
        free(self.template)

    @classmethod
    def learn(
        cls, octets, *, clocks=None, capture_step=0, nulls="repeat", deviation_sign="standard",
        daylight_saving_apart=False,
    ):
        """The plan of the first rows of a buffer: as many as it takes to see a value in every column, at most 64.

        DecodeError where they cannot be read.
        """
        cdef held_octets held
        cdef dlms_buffer buffer
        cdef Plan plan = new_plan(clocks, capture_step, nulls, deviation_sign, daylight_saving_apart)
        hold(octets, &held)
        try:
            open_buffer(&buffer, held.at, held.size)
            plan.learn_layout(&buffer, False)
        finally:
            release(&held)
        return plan

    @classmethod
    def of_tags(
        cls, tags, *, clocks=None, capture_step=0, nulls="repeat", deviation_sign="standard",
        daylight_saving_apart=False,
    ):
        """The plan of rows that are structures of values with these Data tags, in this order.

        Octet-strings at the positions of `clocks` are date-times. ValueError for the tag of no value of one cell.
        """
        cdef Plan plan = new_plan(clocks, capture_step, nulls, deviation_sign, daylight_saving_apart)
        cdef int32_t child = -1
        cdef dlms_node* node
        cdef int kind
        if dlms_layout_node(&plan.layout) < 0:
            raise MemoryError
        plan.layout.nodes[0].nest = 2
        for position, tag in enumerate(tags):
            kind = DLMS_TAG_FACTS[<uint8_t>tag].kind if 2 < tag < 34 else 0
            if kind == 0 or kind == CELL_DELTA or kind == CELL_COMPACT:
                raise ValueError(f"{tag} is not the tag of a value of one cell")
            if plan.layout.leaves == LAYOUT_COLUMNS or dlms_next_child(&plan.layout, 0, &child) < 0:
                raise ValueError(f"a row has at most {LAYOUT_COLUMNS} columns")
            if kind == CELL_OCTETS and plan.clocks is not None and position in plan.clocks:
                kind = CELL_DATE_TIME
            node = &plan.layout.nodes[child]
            node.tag = tag
            node.is_leaf = True
            node.is_time = kind == CELL_DATE_TIME
            node.kinds = KIND_BIT(kind)
            plan.layout.leaves += 1
        plan.make_columns()
        return plan

    cdef int learn_layout(self, dlms_buffer* buffer, bint whole) except -1:
        """Layout and types from the first rows, or from all (`whole`)."""
        dlms_layout_close(&self.layout)
        if dlms_layout_node(&self.layout) < 0:
            raise MemoryError
        if buffer.compact:
            self.describe(buffer)
        else:
            self.scan(buffer, whole)
            if self.mark_clocks():
                self.scan(buffer, whole)
        self.make_columns()
        if buffer.rows:
            self.learn_template(buffer)
        return 0

    cdef int scan(self, dlms_buffer* buffer, bint whole) except -1:
        cdef dlms_cursor c = buffer.c
        cdef dlms_path path
        cdef size_t k, rows = buffer.rows, most = buffer.rows if whole else <size_t>LEARN_ROWS
        cdef bint good
        for k in range(self.layout.count):
            self.layout.nodes[k].kinds = 0
            self.layout.nodes[k].is_mixed = False
        with nogil:
            good = dlms_scan_rows(&c, &self.layout, most, not whole, &rows, &path)
        if not good:
            raise_in_row(&c, rows, &path)
        return 0

    cdef int describe(self, dlms_buffer* buffer) except -1:
        """The layout that the type description of a compact-array announces."""
        cdef axdr_bounds bounds
        cdef axdr_description description
        cdef dlms_cursor c = buffer.c
        cdef size_t k
        cdef bint good
        self.layout.compact = True
        self.description = PyBytes_FromStringAndSize(
            <const char*>buffer.description, buffer.description_octets
        )
        c.at = buffer.description
        axdr_bounds_open(&bounds, buffer.octets)
        try:
            good = axdr_describe(&c, &bounds, &description)
            good = good and dlms_layout_described(&c, &self.layout, 0, description.types, 0)
        finally:
            axdr_description_close(&description)
        if not good:
            raise_fault(&c.fault, "axdr")
        self.mark_clocks()
        c = buffer.c
        if buffer.rows:
            dlms_judge_described(&c, &self.layout, 0)  # a row that cannot be read is found when it is decoded
        for k in range(self.layout.count):
            if self.layout.nodes[k].is_time:
                self.layout.nodes[k].kinds = KIND_BIT(CELL_DATE_TIME)
        return 0

    cdef bint mark_clocks(self):
        """Octet-strings at a clock's place are times, whatever they look like; whether any was not yet."""
        cdef bint marked = False
        cdef int32_t child = self.layout.nodes[0].child
        cdef int position = 0
        cdef dlms_node* node
        while child >= 0 and self.clocks is not None:
            node = &self.layout.nodes[child]
            if position in self.clocks and not node.is_time and node.kinds & KIND_BIT(CELL_OCTETS):
                node.is_time = True
                marked = True
            child = node.sibling
            position += 1
        return marked

    cdef int make_columns(self) except -1:
        """A column for every leaf, in row order."""
        cdef list columns = []
        self.prototypes = <dlms_column*>calloc(self.layout.leaves + 1, sizeof(dlms_column))
        if self.prototypes == NULL:
            raise MemoryError
        self.make_below(0, (), columns)
        self.columns = tuple(columns)
        return 0

    cdef int make_below(self, int32_t index, tuple path, list columns) except -1:
        cdef dlms_node* node = &self.layout.nodes[index]
        cdef int32_t child = node.child
        cdef int position = 0
        # Nulls in the place of a nest belong to the columns below it.
        if node.is_leaf and (child < 0 or node.kinds & ~KINDS_VOID):
            node.column = <int32_t>self.count
            self.fill_prototype(node, &self.prototypes[self.count], path)
            columns.append(column_of(&self.prototypes[self.count], path, kind_name(node.kinds)))
            self.count += 1
        while child >= 0:
            self.make_below(child, (*path, position), columns)
            child = self.layout.nodes[child].sibling
            position += 1
        return 0

    cdef int fill_prototype(self, const dlms_node* node, dlms_column* column, tuple path) except -1:
        cdef uint32_t kinds = node.kinds & ~KINDS_VOID
        column.tag = node.tag if kinds else 0
        column.is_time = node.is_time
        column.is_mixed = node.is_mixed
        column.repeats = self.repeats
        column.step = self.step
        while kinds >> 1 >> column.kind:
            column.kind += 1
        if kinds == 0:
            column.store = STORE_NONE
        elif kinds & (kinds - 1):
            column.store = STORE_OBJECT
            column.kind = 0
        elif kinds == KIND_BIT(CELL_DATE_TIME):
            column.store = STORE_DATE_TIME
        elif kinds == KIND_BIT(CELL_INTEGER) and node.is_mixed:
            column.store = STORE_I64
        elif kinds == KIND_BIT(CELL_FLOAT) and node.is_mixed:
            column.store = STORE_F64
        else:
            column.store = dlms_natural_store(node.tag)
        if self.clocks is None:
            column.is_clock = column.store == STORE_DATE_TIME and not self.has_clock
        else:
            column.is_clock = len(path) == 1 and path[0] in self.clocks
        self.has_clock |= column.is_clock
        return 0

    cdef int learn_template(self, dlms_buffer* buffer) except -1:
        self.template = <dlms_template*>malloc(sizeof(dlms_template))
        if self.template == NULL:
            raise MemoryError
        if not dlms_template_learn(
            self.template, &self.layout, self.prototypes, self.count, buffer.c.at, buffer.c.end, False
        ):
            free(self.template)
            self.template = NULL
        return 0

    cdef Plan of_stores(self, const dlms_column* columns):
        """The same plan for columns that have become wider."""
        cdef Plan plan = Plan.__new__(Plan)
        cdef list words = []
        cdef size_t k
        plan.rule, plan.clocks, plan.step, plan.repeats = self.rule, self.clocks, self.step, self.repeats
        plan.description, plan.count, plan.layout = self.description, self.count, self.layout
        plan.layout.nodes = <dlms_node*>malloc(self.layout.room * sizeof(dlms_node))
        plan.prototypes = <dlms_column*>calloc(self.count + 1, sizeof(dlms_column))
        if plan.layout.nodes == NULL or plan.prototypes == NULL:
            raise MemoryError
        memcpy(plan.layout.nodes, self.layout.nodes, self.layout.count * sizeof(dlms_node))
        memcpy(plan.prototypes, self.prototypes, self.count * sizeof(dlms_column))
        for k in range(self.count):
            plan.prototypes[k].store = columns[k].store
            plan.prototypes[k].is_mixed = columns[k].is_mixed
            words.append(column_of(&plan.prototypes[k], self.columns[k].path, self.columns[k].kind))
        plan.columns = tuple(words)
        return plan

    def empty(self, rows, *, masks=True, companions=False):
        """Arrays for `rows` rows, not filled; with `companions`, deviation and status of the date-times too."""
        return new_columns(self, rows, masks, companions)

    def unpack(self, octets, out):
        """Fill `out` (made by this plan's `empty`) with the rows of a buffer; how many there are.

        An integer of another type than its column's is taken if it fits. DecodeError where the octets cannot be
        read, or do not fit the plan; then what `out` holds is not defined. ValueError where `out` has too little
        room, or is another plan's.
        """
        cdef held_octets held
        cdef dlms_buffer buffer
        cdef Columns columns = out
        if columns.plan is not self:
            raise ValueError("these columns were made by another plan")
        hold(octets, &held)
        try:
            open_buffer(&buffer, held.at, held.size)
            if buffer.compact != self.layout.compact or (buffer.compact and not self.is_described(&buffer)):
                raise DecodeError("the rows are not those of the plan", layer="axdr", offset=0)
            if buffer.rows > <size_t>columns.room:
                raise ValueError(f"{buffer.rows} rows do not fit into {columns.room}")
            columns.fill(&buffer)
        finally:
            release(&held)
        return columns.filled

    def pack(self, columns, *, deviation=None, status=0):
        """The rows of `columns` (of this plan) as a buffer: an array, or the compact-array that the plan is of.

        A cell whose mask has IS_NULL, and an object that is None, is written as null-data. Date-times are written
        with the deviations and statuses of the companions, else with `deviation` (minutes; None: not specified, the
        times are local) and `status`; not-a-time is written as "not specified". EncodeError for a value that its type
        cannot hold, and for a column that has no single type.
        """
        cdef Columns packed = columns
        if packed.plan is not self:
            raise ValueError("these columns were made by another plan")
        return pack_columns(self, packed, deviation, status)

    cdef bint is_described(self, const dlms_buffer* buffer):
        return <size_t>PyBytes_GET_SIZE(self.description) == buffer.description_octets and memcmp(
            PyBytes_AS_STRING(self.description), buffer.description, buffer.description_octets
        ) == 0


cdef Column column_of(const dlms_column* column, tuple path, str kind):
    cdef Column made = Column.__new__(Column)
    made.path = path
    made.kind = kind
    made.tag = None if column.is_mixed or column.tag == 0 or kind == "mixed" else column.tag
    made.dtype = DTYPES[column.store]
    return made


cdef Plan new_plan(object clocks, object step, str nulls, str deviation_sign, bint daylight_saving_apart):
    cdef Plan plan = Plan.__new__(Plan)
    if nulls != "repeat" and nulls != "missing":
        raise ValueError(f"nulls is 'repeat' or 'missing', not {nulls!r}")
    if not -LONGEST_STEP <= step / 1000 <= LONGEST_STEP:
        raise ValueError(f"a capture step of {step} ms is more than a year")
    time_rule(deviation_sign, daylight_saving_apart, &plan.rule)
    plan.clocks = None if clocks is None else frozenset(clocks)
    plan.step = step
    plan.repeats = nulls == "repeat"
    return plan


include "columns_arrays.pxi"
include "columns_pack.pxi"
include "columns_stream.pxi"


def unpack(
    octets, *, clocks=None, capture_step=0, nulls="repeat", deviation_sign="standard", daylight_saving_apart=False,
    masks=True, companions=False,
):
    """The rows of a buffer (array or compact-array, with its tag) as fresh columns of exactly as many rows.

    The layout and the types are those of the first rows; where later rows differ, of all of them: integers become
    wider, a position with values of several kinds becomes a column of objects, a position that only some rows have
    is missing from the others. For the other parameters see Plan and Plan.empty.

    DecodeError (path `[row][column]`, offset in `octets`) where they cannot be read, where a row has more than 1024
    columns, or where short rows would make the columns outgrow the octets.
    """
    cdef held_octets held
    cdef dlms_buffer buffer
    cdef Columns columns = None
    cdef bint whole = False
    hold(octets, &held)
    try:
        open_buffer(&buffer, held.at, held.size)
        while columns is None:
            plan = new_plan(clocks, capture_step, nulls, deviation_sign, daylight_saving_apart)
            columns = unpack_once(plan, &buffer, whole, masks, companions)
            whole = True
    finally:
        release(&held)
    return columns


cdef Columns unpack_once(Plan plan, dlms_buffer* buffer, bint whole, bint masks, bint companions):
    """The columns, or None: the first rows (not `whole`) did not show all that there is."""
    cdef Columns columns
    plan.learn_layout(buffer, whole)
    if plan.count and buffer.rows > (buffer.octets + 128) // plan.count:
        # Short rows and cells of no width cost nothing to send. A whole scan says first where the octets end.
        if not whole:
            return None
        dlms_fail(&buffer.c, DLMS_SIZE, buffer.c.at, buffer.octets + 128, buffer.rows * plan.count)
        raise_fault(&buffer.c.fault, "axdr")
    columns = new_columns(plan, buffer.rows, True, companions)
    if not columns.fill_widening(buffer, whole):
        return None
    columns.settle(masks)
    return columns

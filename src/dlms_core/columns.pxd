"""Rows of a buffer <-> columns: the C kernels (row_*.h) and the classes that hold their plans and arrays."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t

from dlms_core.axdr cimport axdr_type
from dlms_core.clock cimport dlms_time_rule
from dlms_core.cursor cimport dlms_cursor

cdef extern from "row_engine.h" nogil:
    enum:
        CELL_NULL
        CELL_INTEGER
        CELL_DELTA
        CELL_BOOLEAN
        CELL_FLOAT
        CELL_DATE_TIME
        CELL_DATE
        CELL_TIME
        CELL_OCTETS
        CELL_TEXT
        CELL_BITS
        CELL_COMPACT
        CELL_DONT_CARE
        TAG_MISSING
        TAG_DONT_CARE

    enum:
        STORE_NONE
        STORE_U8
        STORE_I8
        STORE_U16
        STORE_I16
        STORE_U32
        STORE_I32
        STORE_U64
        STORE_I64
        STORE_BOOLEAN
        STORE_F32
        STORE_F64
        STORE_INTEGER_F64
        STORE_DATE_TIME
        STORE_DATE
        STORE_TIME
        STORE_OBJECT

    enum:
        MASK_NULL
        MASK_REBUILT
        MASK_OTHER_TYPE
        MASK_WILDCARD
        BASIS_UTC
        BASIS_LOCAL

    enum:
        ENGINE_DONE
        ENGINE_BROKEN
        ENGINE_UNFIT
        ENGINE_STOP
        ENGINE_MEMORY
        RESOLVE_TYPE
        RESOLVE_WIDEN
        RESOLVE_OTHER
        RESOLVE_RANGE

    const uint32_t KINDS_VOID
    const int LAYOUT_COLUMNS

    ctypedef struct dlms_tag_facts:
        uint8_t kind
        uint8_t width
        uint8_t is_signed
        uint8_t is_number

    const dlms_tag_facts[256] DLMS_TAG_FACTS

    ctypedef struct dlms_last:
        bint known
        uint64_t low
        int64_t high
        int16_t deviation
        uint8_t status

    ctypedef struct dlms_column:
        uint8_t store
        uint8_t tag
        uint8_t kind
        uint8_t is_mixed
        uint8_t is_time
        uint8_t is_clock
        uint8_t repeats
        int64_t step
        bint met_negative
        bint met_big
        bint met_inexact
        uint8_t* values
        uint8_t* mask
        int16_t* deviations
        uint8_t* statuses
        uint8_t* cell_tags
        uint64_t* cell_raw
        dlms_last last
        uint32_t bases

    ctypedef struct dlms_node:
        int32_t column
        int32_t child
        int32_t sibling
        uint32_t kinds
        uint8_t tag
        uint8_t is_mixed
        uint8_t is_time
        uint8_t is_leaf
        uint8_t nest

    ctypedef struct dlms_layout:
        dlms_node* nodes
        size_t count
        size_t room
        size_t leaves
        bint compact

    ctypedef struct dlms_path:
        uint32_t* at
        int depth

    ctypedef struct dlms_template:
        size_t stride

    ctypedef struct dlms_stop:
        size_t cell
        uint8_t tag
        uint64_t low
        int64_t high

    ctypedef struct dlms_engine:
        dlms_cursor c
        int waits
        size_t rows
        size_t row
        dlms_path path
        int why
        size_t column
        dlms_stop stop

    uint32_t KIND_BIT(int)
    int dlms_natural_store(int)
    bint dlms_store_is_integer(int)
    void dlms_column_reset(dlms_column*)
    int32_t dlms_layout_node(dlms_layout*)
    void dlms_layout_close(dlms_layout*)
    bint dlms_scan_rows(dlms_cursor*, dlms_layout*, size_t, bint, size_t*, dlms_path*)
    bint dlms_layout_described(dlms_cursor*, dlms_layout*, int32_t, const axdr_type*, size_t)
    size_t dlms_count_described(const dlms_cursor*, const axdr_type*)
    bint dlms_judge_described(dlms_cursor*, dlms_layout*, int32_t)
    int32_t dlms_next_child(dlms_layout*, int32_t, int32_t*)
    bint dlms_template_learn(
        dlms_template*, const dlms_layout*, const dlms_column*, size_t, const uint8_t*, const uint8_t*, bint
    )
    size_t dlms_cell_octets(const uint8_t*, uint64_t, const uint8_t**)
    bint dlms_add_delta(uint64_t*, int64_t*, int64_t)
    bint dlms_is_exact(uint64_t, int64_t)
    void dlms_engine_open(
        dlms_engine*, const dlms_layout*, dlms_column*, size_t, const dlms_time_rule*, bint, const dlms_template*
    )
    void dlms_engine_close(dlms_engine*)
    int dlms_engine_rows(dlms_engine*)
    void dlms_engine_await(dlms_engine*)

cdef extern from "row_pack.h" nogil:
    ctypedef struct dlms_place:
        size_t start
        size_t content
        size_t end

    ctypedef struct dlms_pack_day:
        pass

    ctypedef struct dlms_packer:
        const dlms_column* columns
        const dlms_place* places
        size_t count
        const uint8_t* form
        size_t stride
        uint8_t* run_form
        size_t* run_contents
        dlms_time_rule rule
        int deviation
        int status
        bint compact
        size_t row
        size_t column

    bint dlms_pack_is_null(const dlms_column*, size_t)
    uint8_t* dlms_pack_cell(dlms_packer*, size_t, size_t, dlms_pack_day*, uint8_t*)
    uint8_t* dlms_pack_rows(dlms_packer*, size_t, dlms_pack_day*, uint8_t*)

# A buffer of rows, opened: `c` stands before the first row; its end is the end of the rows.
ctypedef struct dlms_buffer:
    dlms_cursor c
    size_t rows
    size_t octets
    bint compact
    const uint8_t* description  # of a compact-array, with its length
    size_t description_octets

cdef class Column:
    cdef readonly tuple path
    cdef readonly str kind
    cdef readonly object tag
    cdef readonly object dtype

cdef class Plan:
    cdef dlms_layout layout
    cdef dlms_column* prototypes
    cdef size_t count
    cdef dlms_time_rule rule
    cdef dlms_template* template
    cdef frozenset clocks
    cdef int64_t step
    cdef bint repeats
    cdef bint has_clock
    cdef bytes description  # of a compact-array
    cdef readonly tuple columns

    cdef int learn_layout(self, dlms_buffer* buffer, bint whole) except -1
    cdef int scan(self, dlms_buffer* buffer, bint whole) except -1
    cdef int describe(self, dlms_buffer* buffer) except -1
    cdef bint mark_clocks(self)
    cdef int make_columns(self) except -1
    cdef int make_below(self, int32_t index, tuple path, list columns) except -1
    cdef int fill_prototype(self, const dlms_node* node, dlms_column* column, tuple path) except -1
    cdef int learn_template(self, dlms_buffer* buffer) except -1
    cdef bint is_described(self, const dlms_buffer* buffer)
    cdef Plan of_stores(self, const dlms_column* columns)

cdef class Columns:
    cdef readonly Plan plan
    cdef readonly Py_ssize_t room
    cdef Py_ssize_t filled
    cdef readonly tuple values
    cdef readonly tuple masks
    cdef readonly tuple deviations
    cdef readonly tuple statuses
    cdef dlms_column* columns
    cdef size_t* objects_from  # the row from which a column's cells wait to become objects
    cdef size_t count

    cdef int make_room(self, size_t k) except -1
    cdef bint grow(self, size_t rows) except -1
    cdef int reset(self) except -1
    cdef int fill(self, dlms_buffer* buffer) except -1
    cdef bint fill_widening(self, dlms_buffer* buffer, bint whole) except -1
    cdef int widen(self, dlms_engine* engine) except -1
    cdef int widen_integers(self, size_t k, size_t rows, uint64_t low, int64_t high) except -1
    cdef int become_objects(self, size_t k, size_t rows) except -1
    cdef int put_values(self, size_t k, object array, int store) except -1
    cdef int make_objects(self, const dlms_buffer* buffer) except -1
    cdef int settle(self, bint masks) except -1

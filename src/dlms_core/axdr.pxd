"""A-XDR Data: typed values, and the C functions that read, write and skip one value (axdr.h, axdr_plain.h)."""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from dlms_core.cursor cimport dlms_cursor
from dlms_core.sink cimport dlms_sink

cdef extern from "axdr.h" nogil:
    enum:
        AXDR_NULL_DATA
        AXDR_ARRAY
        AXDR_STRUCTURE
        AXDR_BOOLEAN
        AXDR_BIT_STRING
        AXDR_DOUBLE_LONG
        AXDR_DOUBLE_LONG_UNSIGNED
        AXDR_OCTET_STRING
        AXDR_VISIBLE_STRING
        AXDR_UTF8_STRING
        AXDR_BCD
        AXDR_INTEGER
        AXDR_LONG
        AXDR_UNSIGNED
        AXDR_LONG_UNSIGNED
        AXDR_COMPACT_ARRAY
        AXDR_LONG64
        AXDR_LONG64_UNSIGNED
        AXDR_ENUM
        AXDR_FLOAT32
        AXDR_FLOAT64
        AXDR_DATE_TIME
        AXDR_DATE
        AXDR_TIME
        AXDR_DELTA_INTEGER
        AXDR_DELTA_LONG
        AXDR_DELTA_DOUBLE_LONG
        AXDR_DELTA_UNSIGNED
        AXDR_DELTA_LONG_UNSIGNED
        AXDR_DELTA_DOUBLE_LONG_UNSIGNED
        AXDR_DONT_CARE

    enum:
        AXDR_UNKNOWN
        AXDR_SEQUENCE
        AXDR_OCTETS
        AXDR_BITS
        AXDR_COMPACT

    const int AXDR_DEPTH
    const int AXDR_DEEPEST

    ctypedef struct axdr_bounds:
        size_t values
        size_t owed
        int depth
        int deepest

    ctypedef struct axdr_path:
        int used
        size_t* index

    ctypedef struct axdr_type:
        uint8_t tag
        uint32_t count
        uint32_t next

    ctypedef struct axdr_description:
        axdr_type* types
        size_t used
        uint64_t values
        uint64_t width
        bint fixed
        int depth
        const uint8_t* end

    int axdr_width(uint8_t)
    void axdr_bounds_open(axdr_bounds*, size_t)
    bint axdr_enter(dlms_cursor*, axdr_bounds*, size_t*)
    bint axdr_octets(dlms_cursor*, const uint8_t**, size_t*)
    bint axdr_bits(dlms_cursor*, const uint8_t**, size_t*)
    bint axdr_skip_leaf(dlms_cursor*, uint8_t, const uint8_t*)
    bint axdr_describe(dlms_cursor*, axdr_bounds*, axdr_description*)
    void axdr_description_close(axdr_description*)
    bint axdr_enter_compact(dlms_cursor*, axdr_bounds*, axdr_description*, dlms_cursor*)
    bint axdr_enter_row(dlms_cursor*, axdr_bounds*, const axdr_description*)
    bint axdr_skip_rows(dlms_cursor*, axdr_bounds*, const axdr_description*, axdr_path*, size_t*)
    bint axdr_skip(dlms_cursor*, axdr_bounds*, axdr_path*)

cdef extern from "axdr_plain.h":
    ctypedef struct axdr_makers:
        PyObject* dont_care
        object (*clock)(uint8_t, const uint8_t*)

    object axdr_new(PyObject*, object)
    object axdr_text(uint8_t, const uint8_t*, size_t)
    object axdr_bit_text(const uint8_t*, size_t)
    PyObject* axdr_plain_compact(dlms_cursor*, axdr_bounds*, const axdr_makers*)
    PyObject* axdr_plain(dlms_cursor*, axdr_bounds*, const axdr_makers*)

cdef class Data:
    cdef uint8_t code   # the tag
    cdef uint64_t bits  # numbers: two's complement or IEEE 754; bit-string: how many; sequences: how deep they nest

cdef class WholeNumber(Data):
    pass

cdef class RealNumber(Data):
    pass

cdef class Octets(Data):
    cdef readonly bytes octets

cdef class Text(Octets):
    pass

cdef class Moment(Octets):
    pass

cdef class Elements(Data):
    cdef readonly tuple elements

cdef class NullData(Data):
    pass

cdef class DontCare(Data):
    pass

cdef class Boolean(Data):
    pass

cdef class DoubleLong(WholeNumber):
    pass

cdef class DoubleLongUnsigned(WholeNumber):
    pass

cdef class Bcd(WholeNumber):
    pass

cdef class Integer(WholeNumber):
    pass

cdef class Long(WholeNumber):
    pass

cdef class Unsigned(WholeNumber):
    pass

cdef class LongUnsigned(WholeNumber):
    pass

cdef class Long64(WholeNumber):
    pass

cdef class Long64Unsigned(WholeNumber):
    pass

cdef class Enum(WholeNumber):
    pass

cdef class DeltaInteger(WholeNumber):
    pass

cdef class DeltaLong(WholeNumber):
    pass

cdef class DeltaDoubleLong(WholeNumber):
    pass

cdef class DeltaUnsigned(WholeNumber):
    pass

cdef class DeltaLongUnsigned(WholeNumber):
    pass

cdef class DeltaDoubleLongUnsigned(WholeNumber):
    pass

cdef class Float32(RealNumber):
    pass

cdef class Float64(RealNumber):
    pass

cdef class OctetString(Octets):
    pass

cdef class BitString(Octets):
    pass

cdef class VisibleString(Text):
    pass

cdef class Utf8String(Text):
    pass

cdef class DateTime(Moment):
    pass

cdef class Date(Moment):
    pass

cdef class Time(Moment):
    pass

cdef class Array(Elements):
    pass

cdef class Structure(Elements):
    pass

cdef class CompactArray(Data):
    cdef bytes description  # the octets of the type description
    cdef bytes contents     # those of the elements
    cdef size_t count

# One value at the cursor: a Data where `typed`, else plain Python. Raises DecodeError with offsets from the cursor's
# origin and the path inside the value; then the cursor stands where it stood. `read_data` takes the bounds of the
# octets left; whoever reads several values of one message passes one axdr_bounds to `read_within`, opened once.
cdef object read_data(dlms_cursor* cursor, bint typed)
cdef object read_within(dlms_cursor* cursor, bint typed, axdr_bounds* bounds)
# What can be read of a Data that cannot be read whole: an array or a structure of the elements before the fault, at
# most `depth` deep; None where there is none.
cdef object read_front(dlms_cursor* cursor, int depth)

# Past one value, checked as strictly as reading it; 0 with the cursor's fault set where it cannot be read.
cdef bint skip_data(dlms_cursor* cursor) noexcept nogil

# Appends one value: a Data, or a plain value that can have one tag only (see dumps); EncodeError otherwise.
cdef int write_data(dlms_sink* sink, object value) except -1

# The content of a value of fixed width, string or bit-string, without its tag.
cdef int write_leaf(dlms_sink* sink, Data value) except -1

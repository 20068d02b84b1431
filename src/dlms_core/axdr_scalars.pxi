# Data, and its kinds of fixed width: null-data, boolean, numbers, dont-care.


cdef bint is_signed(uint8_t tag):
    return tag in (
        AXDR_DOUBLE_LONG, AXDR_INTEGER, AXDR_LONG, AXDR_LONG64,
        AXDR_DELTA_INTEGER, AXDR_DELTA_LONG, AXDR_DELTA_DOUBLE_LONG,
    )


@cython.freelist(256)
cdef class Data:
    """One A-XDR value that keeps its tag. Immutable; equal to a value of the same class and content only."""

    __match_args__ = ("value",)

    def __init__(self):
        raise TypeError(f"{type(self).__name__} is a family of types of Data: use one of them")

    @property
    def value(self):
        """The plain Python form."""
        raise TypeError(f"{type(self).__name__} is a family of types of Data: use one of them")

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return _restored, (dumps(self),)

    def __repr__(self):
        return f"{type(self).__name__}({self.value!r})"


def _restored(octets):
    """A value out of its pickle: it was within its bounds when it was made."""
    return loads(octets, typed=True, max_depth=AXDR_DEEPEST, max_elements=sys.maxsize)


@cython.final
cdef class NullData(Data):
    """null-data [0]: no content; plain None."""

    tag = AXDR_NULL_DATA
    __match_args__ = ()

    def __cinit__(self):
        self.code = AXDR_NULL_DATA

    def __init__(self):
        pass

    @property
    def value(self):
        return None

    def __bool__(self):
        return False

    def __eq__(self, other):
        return isinstance(other, NullData)

    def __hash__(self):
        return hash(NullData)

    def __repr__(self):
        return "NullData()"


@cython.final
cdef class DontCare(Data):
    """dont-care [255]: no content; its plain value is DONT_CARE, the one that decoding gives."""

    tag = AXDR_DONT_CARE
    __match_args__ = ()

    def __cinit__(self):
        self.code = AXDR_DONT_CARE

    def __init__(self):
        pass

    @property
    def value(self):
        return DONT_CARE

    def __bool__(self):
        return False

    def __eq__(self, other):
        return isinstance(other, DontCare)

    def __hash__(self):
        return hash(DontCare)

    def __repr__(self):
        return "DontCare()"


@cython.final
cdef class Boolean(Data):
    """boolean [3]: one octet, false if zero. Decoding keeps the octet that stood for true: meters send 01 and FF."""

    tag = AXDR_BOOLEAN

    def __cinit__(self):
        self.code = AXDR_BOOLEAN

    def __init__(self, value):
        if value is not True and value is not False and not isinstance(value, Boolean):
            raise EncodeError(f"boolean (3) holds True or False, not {shown(value)}")
        self.bits = 1 if value else 0

    @property
    def value(self):
        return self.bits != 0

    def __bool__(self):
        return self.bits != 0

    def __eq__(self, other):
        return isinstance(other, Boolean) and (self.bits != 0) == ((<Boolean>other).bits != 0)

    def __hash__(self):
        return hash((AXDR_BOOLEAN, self.bits != 0))


cdef class WholeNumber(Data):
    """The integers, enum and bcd: `value` is an int. EncodeError for what the width cannot hold."""

    def __init__(self, value):
        self.bits = whole_bits(self.code, value)

    @property
    def value(self):
        if self.code == AXDR_LONG64_UNSIGNED:
            return self.bits
        return <int64_t>self.bits

    def __int__(self):
        return self.value

    def __index__(self):
        return self.value

    def __bool__(self):
        return self.bits != 0

    def __eq__(self, other):
        if not isinstance(other, WholeNumber):
            return False
        return self.code == (<WholeNumber>other).code and self.bits == (<WholeNumber>other).bits

    def __hash__(self):
        return hash((self.code, self.bits))


cdef uint64_t whole_bits(uint8_t tag, object value) except? 0xDEAD:
    """`value` in two's complement of 64 bits, within the range of `tag`."""
    cdef int width = 8 * axdr_width(tag), overflow = 0
    cdef bint negative_too = is_signed(tag)
    cdef long long number
    if width <= 0:
        raise TypeError("WholeNumber is a family of types of Data: use one of them")
    try:
        value = PyNumber_Index(value)
    except TypeError:
        raise EncodeError(f"{tag_words(tag)} holds an integer, not {shown(value)}") from None
    number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if not overflow:
        if negative_too:
            if width == 64 or -(1LL << (width - 1)) <= number < 1LL << (width - 1):
                return <uint64_t>number
        elif number >= 0 and (width == 64 or number < 1LL << width):
            return <uint64_t>number
    elif overflow > 0 and tag == AXDR_LONG64_UNSIGNED and value.bit_length() <= 64:
        return PyLong_AsUnsignedLongLong(value)
    cdef object values = 2 ** <object>width
    least = -(values // 2) if negative_too else 0
    raise EncodeError(f"{tag_words(tag)} holds {least} to {least + values - 1}, not {value}")


@cython.final
cdef class DoubleLong(WholeNumber):
    """double-long [5]: 32 bits, signed."""

    tag = AXDR_DOUBLE_LONG

    def __cinit__(self):
        self.code = AXDR_DOUBLE_LONG


@cython.final
cdef class DoubleLongUnsigned(WholeNumber):
    """double-long-unsigned [6]: 32 bits, unsigned."""

    tag = AXDR_DOUBLE_LONG_UNSIGNED

    def __cinit__(self):
        self.code = AXDR_DOUBLE_LONG_UNSIGNED


@cython.final
cdef class Bcd(WholeNumber):
    """bcd [13]: one octet as it stands, 0 to 255: 0x12 means twelve."""

    tag = AXDR_BCD

    def __cinit__(self):
        self.code = AXDR_BCD


@cython.final
cdef class Integer(WholeNumber):
    """integer [15]: 8 bits, signed."""

    tag = AXDR_INTEGER

    def __cinit__(self):
        self.code = AXDR_INTEGER


@cython.final
cdef class Long(WholeNumber):
    """long [16]: 16 bits, signed."""

    tag = AXDR_LONG

    def __cinit__(self):
        self.code = AXDR_LONG


@cython.final
cdef class Unsigned(WholeNumber):
    """unsigned [17]: 8 bits, unsigned."""

    tag = AXDR_UNSIGNED

    def __cinit__(self):
        self.code = AXDR_UNSIGNED


@cython.final
cdef class LongUnsigned(WholeNumber):
    """long-unsigned [18]: 16 bits, unsigned."""

    tag = AXDR_LONG_UNSIGNED

    def __cinit__(self):
        self.code = AXDR_LONG_UNSIGNED


@cython.final
cdef class Long64(WholeNumber):
    """long64 [20]: 64 bits, signed."""

    tag = AXDR_LONG64

    def __cinit__(self):
        self.code = AXDR_LONG64


@cython.final
cdef class Long64Unsigned(WholeNumber):
    """long64-unsigned [21]: 64 bits, unsigned."""

    tag = AXDR_LONG64_UNSIGNED

    def __cinit__(self):
        self.code = AXDR_LONG64_UNSIGNED


@cython.final
cdef class Enum(WholeNumber):
    """enum [22]: 8 bits, unsigned."""

    tag = AXDR_ENUM

    def __cinit__(self):
        self.code = AXDR_ENUM


@cython.final
cdef class DeltaInteger(WholeNumber):
    """delta-integer [28]: 8 bits, signed: the difference to the entry before."""

    tag = AXDR_DELTA_INTEGER

    def __cinit__(self):
        self.code = AXDR_DELTA_INTEGER


@cython.final
cdef class DeltaLong(WholeNumber):
    """delta-long [29]: 16 bits, signed: the difference to the entry before."""

    tag = AXDR_DELTA_LONG

    def __cinit__(self):
        self.code = AXDR_DELTA_LONG


@cython.final
cdef class DeltaDoubleLong(WholeNumber):
    """delta-double-long [30]: 32 bits, signed: the difference to the entry before."""

    tag = AXDR_DELTA_DOUBLE_LONG

    def __cinit__(self):
        self.code = AXDR_DELTA_DOUBLE_LONG


@cython.final
cdef class DeltaUnsigned(WholeNumber):
    """delta-unsigned [31]: 8 bits, unsigned: the difference to the entry before."""

    tag = AXDR_DELTA_UNSIGNED

    def __cinit__(self):
        self.code = AXDR_DELTA_UNSIGNED


@cython.final
cdef class DeltaLongUnsigned(WholeNumber):
    """delta-long-unsigned [32]: 16 bits, unsigned: the difference to the entry before."""

    tag = AXDR_DELTA_LONG_UNSIGNED

    def __cinit__(self):
        self.code = AXDR_DELTA_LONG_UNSIGNED


@cython.final
cdef class DeltaDoubleLongUnsigned(WholeNumber):
    """delta-double-long-unsigned [33]: 32 bits, unsigned: the difference to the entry before."""

    tag = AXDR_DELTA_DOUBLE_LONG_UNSIGNED

    def __cinit__(self):
        self.code = AXDR_DELTA_DOUBLE_LONG_UNSIGNED


cdef class RealNumber(Data):
    """float32 and float64: `value` is a float; the octets are kept, so that every NaN stays what it was."""

    @property
    def value(self):
        cdef uint32_t single_bits
        cdef float single
        cdef double number
        if self.code == AXDR_FLOAT32:
            single_bits = <uint32_t>self.bits
            memcpy(&single, &single_bits, 4)
            return single
        memcpy(&number, &self.bits, 8)
        return number

    def __float__(self):
        return self.value

    def __bool__(self):
        return self.value != 0

    def __eq__(self, other):
        if not isinstance(other, RealNumber) or self.code != (<RealNumber>other).code:
            return False
        return self.bits == (<RealNumber>other).bits or self.value == other.value

    def __hash__(self):
        number = self.value
        return hash((self.code, number if number == number else self.bits))


@cython.final
cdef class Float32(RealNumber):
    """float32 [23]: IEEE 754, 32 bits. A float is rounded to the nearest; one too large is an EncodeError."""

    tag = AXDR_FLOAT32

    def __cinit__(self):
        self.code = AXDR_FLOAT32

    def __init__(self, value):
        cdef double number = real_number(AXDR_FLOAT32, value)
        cdef float single
        cdef uint32_t single_bits
        if isfinite(number) and fabs(number) >= FLOAT32_OVERFLOW:
            raise EncodeError(f"{tag_words(AXDR_FLOAT32)} cannot hold {shown(value)}")
        single = <float>number
        memcpy(&single_bits, &single, 4)
        self.bits = single_bits


@cython.final
cdef class Float64(RealNumber):
    """float64 [24]: IEEE 754, 64 bits."""

    tag = AXDR_FLOAT64

    def __cinit__(self):
        self.code = AXDR_FLOAT64

    def __init__(self, value):
        cdef double number = real_number(AXDR_FLOAT64, value)
        memcpy(&self.bits, &number, 8)


# The least number that rounds to infinity in 32 bits: half a unit above the largest.
cdef double FLOAT32_OVERFLOW = 3.4028235677973366e38


cdef double real_number(uint8_t tag, object value) except? -1:
    """`value` as a double; EncodeError for what is no real number or too large."""
    if isinstance(value, (str, bytes)):
        raise EncodeError(f"{tag_words(tag)} holds a number, not {shown(value)}")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise EncodeError(f"{tag_words(tag)} holds a number of its width, not {shown(value)}") from None

# The kinds of Data that are a run of octets: strings, bit-string, date-time, date and time.


cdef const uint8_t* octets_of(bytes octets) except NULL:
    if octets is None:
        raise TypeError("this value was made without its constructor")
    return <const uint8_t*>PyBytes_AS_STRING(octets)


cdef bytes copied(uint8_t tag, object value):
    """The octets of any object with a buffer; EncodeError otherwise."""
    if type(value) is bytes:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise EncodeError(f"{tag_words(tag)} holds octets, not {shown(value)}")


cdef class Octets(Data):
    """The kinds whose content is `octets`."""

    def __bytes__(self):
        return self.octets

    def __eq__(self, other):
        if not isinstance(other, Octets):
            return False
        return (
            self.code == (<Octets>other).code and self.bits == (<Octets>other).bits
            and self.octets == (<Octets>other).octets
        )

    def __hash__(self):
        return hash((self.code, self.bits, self.octets))


@cython.final
cdef class OctetString(Octets):
    """octet-string [9]: `value` is bytes; indexing, len() and iteration are those of bytes."""

    tag = AXDR_OCTET_STRING

    def __cinit__(self):
        self.code = AXDR_OCTET_STRING

    def __init__(self, value):
        self.octets = copied(AXDR_OCTET_STRING, value)

    @property
    def value(self):
        return self.octets

    def __len__(self):
        return len(self.octets)

    def __iter__(self):
        return iter(self.octets)

    def __getitem__(self, index):
        return self.octets[index]


cdef class Text(Octets):
    """visible-string and utf8-string: `octets` as sent, `value` as text."""

    @property
    def value(self):
        return axdr_text(self.code, octets_of(self.octets), len(self.octets))

    def __str__(self):
        return self.value

    def __len__(self):
        return len(self.value)

    def __iter__(self):
        return iter(self.value)

    def __getitem__(self, index):
        return self.value[index]

    def __repr__(self):
        text = self.value
        try:
            same = type(self)(text).octets == self.octets
        except EncodeError:
            same = False
        return f"{type(self).__name__}({text if same else self.octets!r})"


@cython.final
cdef class VisibleString(Text):
    """visible-string [10]: ASCII text, or any octets given as bytes.

    Octets that are no ASCII are read as UTF-8, failing that as Latin-1: meters send both.
    """

    tag = AXDR_VISIBLE_STRING

    def __cinit__(self):
        self.code = AXDR_VISIBLE_STRING

    def __init__(self, value):
        if isinstance(value, str):
            try:
                self.octets = value.encode("ascii")
            except UnicodeEncodeError:
                words = f"{tag_words(AXDR_VISIBLE_STRING)} holds ASCII, not {shown(value)}"
                raise EncodeError(words) from None
        else:
            self.octets = copied(AXDR_VISIBLE_STRING, value)


@cython.final
cdef class Utf8String(Text):
    """utf8-string [12]: text, or any octets given as bytes; what is not UTF-8 is read with surrogate escapes."""

    tag = AXDR_UTF8_STRING

    def __cinit__(self):
        self.code = AXDR_UTF8_STRING

    def __init__(self, value):
        if isinstance(value, str):
            try:
                self.octets = value.encode("utf-8", "surrogateescape")
            except UnicodeEncodeError:
                raise EncodeError(f"{tag_words(AXDR_UTF8_STRING)} cannot hold {shown(value)}") from None
        else:
            self.octets = copied(AXDR_UTF8_STRING, value)


@cython.final
cdef class BitString(Octets):
    """bit-string [4]: `value` is text of "0" and "1", first bit first; items are bools, len() counts bits.

    The unused bits at the end of `octets` stay as they were sent, and take no part in equality.
    """

    tag = AXDR_BIT_STRING

    def __cinit__(self):
        self.code = AXDR_BIT_STRING

    def __init__(self, value):
        cdef bytearray octets
        cdef Py_ssize_t i
        if not isinstance(value, str) or value.strip("01"):
            raise EncodeError(f'{tag_words(AXDR_BIT_STRING)} holds "0" and "1", not {shown(value)}')
        octets = bytearray((len(value) + 7) // 8)
        for i in range(len(value)):
            if value[i] == "1":
                octets[i // 8] |= 0x80 >> (i % 8)
        self.octets = bytes(octets)
        self.bits = len(value)

    @classmethod
    def from_octets(cls, octets, count=None):
        """The first `count` bits of `octets`, all of them by default."""
        cdef BitString value = BitString.__new__(BitString)
        value.octets = copied(AXDR_BIT_STRING, octets)
        if count is None:
            count = 8 * len(value.octets)
        if not 0 <= count <= 8 * len(value.octets) or len(value.octets) != (count + 7) // 8:
            raise EncodeError(f"{count} bits do not take {len(value.octets)} octets")
        value.bits = count
        return value

    @property
    def value(self):
        return axdr_bit_text(octets_of(self.octets), self.bits)

    def __len__(self):
        return self.bits

    def __iter__(self):
        return iter([bit == "1" for bit in self.value])

    def __getitem__(self, index):
        item = self.value[index]
        return BitString(item) if isinstance(index, slice) else item == "1"

    def __eq__(self, other):
        return isinstance(other, BitString) and self.value == other.value

    def __hash__(self):
        return hash((AXDR_BIT_STRING, self.value))


cdef object moment_of(uint8_t tag, const uint8_t* octets):
    if tag == AXDR_DATE_TIME:
        return date_time_of(octets)
    return date_of(octets) if tag == AXDR_DATE else time_of(octets)


cdef class Moment(Octets):
    """date-time, date and time: made of their octets, or of the value of dlms_core.clock that `value` gives."""

    def __init__(self, value):
        cdef int width = axdr_width(self.code)
        if not isinstance(value, (bytes, bytearray, memoryview)):
            kind = {AXDR_DATE_TIME: CosemDateTime, AXDR_DATE: CosemDate, AXDR_TIME: CosemTime}.get(self.code)
            if kind is None:
                raise TypeError("Moment is a family of types of Data: use one of them")
            if not isinstance(value, kind):
                raise EncodeError(f"{tag_words(self.code)} holds a {kind.__name__}, not {shown(value)}")
            value = value.octets
        self.octets = copied(self.code, value)
        if len(self.octets) != width:
            raise EncodeError(f"{tag_words(self.code)} holds {width} octets, not {len(self.octets)}")

    @property
    def value(self):
        return moment_of(self.code, octets_of(self.octets))


@cython.final
cdef class DateTime(Moment):
    """date-time [25]: `value` is a CosemDateTime of 12 octets."""

    tag = AXDR_DATE_TIME

    def __cinit__(self):
        self.code = AXDR_DATE_TIME


@cython.final
cdef class Date(Moment):
    """date [26]: `value` is a CosemDate of 5 octets."""

    tag = AXDR_DATE

    def __cinit__(self):
        self.code = AXDR_DATE


@cython.final
cdef class Time(Moment):
    """time [27]: `value` is a CosemTime of 4 octets."""

    tag = AXDR_TIME

    def __cinit__(self):
        self.code = AXDR_TIME

"""COSEM date-time, date and time (Blue Book, "Date and time formats"): octets verbatim, read field by field.

The three classes keep their octets as they came, wildcards and impossible values too, so that encoding
gives back what was decoded. A field reads as None where its octets say "not specified", else as it stands.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcmp, memcpy

from dlms_core.cursor cimport dlms_be16
from dlms_core.fault import DecodeError, EncodeError

cdef enum:
    NOT_SPECIFIED = 0xFF
    YEAR_NOT_SPECIFIED = 0xFFFF
    DAYLIGHT_SAVINGS_END = 0xFD  # as a month
    DAYLIGHT_SAVINGS_BEGIN = 0xFE
    SECOND_LAST_DAY_OF_MONTH = 0xFD  # as a day
    LAST_DAY_OF_MONTH = 0xFE
    # The book stops at 720 minutes, the world's zones do not: UTC+13 and UTC+14 exist.
    WIDEST_DEVIATION = 840


cdef object field(int octet):
    return None if octet == NOT_SPECIFIED else octet


cdef int put_field(uint8_t* to, object value, str name, int low, int high, int special=0x100) except -1:
    """One octet: FF for None, `low`..`high`, or `special`..FE."""
    if value is None:
        to[0] = NOT_SPECIFIED
        return 0
    cdef object number = value.__index__()
    if not (low <= number <= high or special <= number < NOT_SPECIFIED):
        raise EncodeError(f"{value} is not between {low} and {high}", path=name)
    to[0] = number
    return 0


cdef int put_date(uint8_t* to, object year, object month, object day, object day_of_week) except -1:
    cdef int number = YEAR_NOT_SPECIFIED
    if year is not None:
        if not 0 <= year.__index__() < YEAR_NOT_SPECIFIED:
            raise EncodeError(f"{year} is not between 0 and 65534", path="year")
        number = year
    to[0] = number >> 8
    to[1] = number & 0xFF
    put_field(to + 2, month, "month", 1, 12, DAYLIGHT_SAVINGS_END)
    put_field(to + 3, day, "day", 1, 31, SECOND_LAST_DAY_OF_MONTH)
    put_field(to + 4, day_of_week, "day_of_week", 1, 7)
    return 0


cdef int put_time(uint8_t* to, object hour, object minute, object second, object hundredths) except -1:
    put_field(to, hour, "hour", 0, 23)
    put_field(to + 1, minute, "minute", 0, 59)
    put_field(to + 2, second, "second", 0, 59)
    put_field(to + 3, hundredths, "hundredths", 0, 99)
    return 0


cdef int copy_octets(uint8_t* to, object octets, Py_ssize_t size) except -1:
    cdef bytes copy = bytes(memoryview(octets))
    if PyBytes_GET_SIZE(copy) != size:
        raise DecodeError(
            f"expected length {size}, got {PyBytes_GET_SIZE(copy)}", layer="clock", offset=0
        )
    memcpy(to, PyBytes_AS_STRING(copy), size)
    return 0


cdef str digits(object value, int width):
    return "*" * width if value is None else f"{value:0{width}}"


cdef object year_of(const uint8_t* raw):
    cdef int year = dlms_be16(raw)
    return None if year == YEAR_NOT_SPECIFIED else year


cdef str date_words(const uint8_t* raw):
    cdef str month, day
    if raw[2] == DAYLIGHT_SAVINGS_BEGIN:
        month = "daylight-savings-begin"
    elif raw[2] == DAYLIGHT_SAVINGS_END:
        month = "daylight-savings-end"
    else:
        month = digits(field(raw[2]), 2)
    if raw[3] == LAST_DAY_OF_MONTH:
        day = "last"
    elif raw[3] == SECOND_LAST_DAY_OF_MONTH:
        day = "second-last"
    else:
        day = digits(field(raw[3]), 2)
    return f"{digits(year_of(raw), 4)}-{month}-{day}"


cdef str time_words(const uint8_t* raw):
    cdef str words = ":".join([digits(field(raw[i]), 2) for i in range(3)])
    return words if raw[3] == NOT_SPECIFIED or raw[3] == 0 else f"{words}.{raw[3]:02}"


cdef str rebuilt(object value, tuple names):
    """`Class(name=...)` where the constructor would take the fields, else `Class.from_octets(...)`."""
    cdef str kind = type(value).__name__
    cdef dict fields = {name: getattr(value, name) for name in names}
    try:
        same = type(value)(**fields).octets == value.octets
    except EncodeError:
        same = False
    if not same:
        return f"{kind}.from_octets({value.octets!r})"
    words = ", ".join(f"{name}={item}" for name, item in fields.items() if item is not None)
    return f"{kind}({words})"


cdef int time_rule(str deviation_sign, bint daylight_saving_apart, dlms_time_rule* rule) except -1:
    """The rule that the two words of the public functions mean; ValueError for another sign."""
    if deviation_sign == "standard":
        rule.deviation_sign = 1
    elif deviation_sign == "reversed":
        rule.deviation_sign = -1
    else:
        raise ValueError(f"deviation_sign is 'standard' or 'reversed', not {deviation_sign!r}")
    rule.daylight_saving_apart = daylight_saving_apart
    return 0


cdef class CosemDateTime:
    """A date-time of 12 octets; immutable, equal and hashed by octets.

    `deviation` is in minutes, in the book's sense: UTC = local time + deviation, so UTC+1 has -60. `status`
    is the clock status octet. The constructor takes None for "not specified", and for `month` and `day` the
    special values FD and FE (see the properties below); a value that its field cannot hold is an EncodeError.
    """

    def __init__(
        self, *, year=None, month=None, day=None, day_of_week=None, hour=None, minute=None, second=None,
        hundredths=None, deviation=None, status=None,
    ):
        cdef int minutes = DLMS_NO_DEVIATION
        put_date(self.raw, year, month, day, day_of_week)
        put_time(self.raw + 5, hour, minute, second, hundredths)
        if deviation is not None:
            if not -WIDEST_DEVIATION <= deviation.__index__() <= WIDEST_DEVIATION:
                words = f"{deviation} is not between -{WIDEST_DEVIATION} and {WIDEST_DEVIATION}"
                raise EncodeError(words, path="deviation")
            minutes = deviation
        self.raw[9] = (minutes >> 8) & 0xFF
        self.raw[10] = minutes & 0xFF
        put_field(self.raw + 11, status, "status", 0, 0xFE)

    @classmethod
    def from_octets(cls, octets):
        """The value of exactly 12 octets, whatever they say; another length is a DecodeError."""
        cdef CosemDateTime value = cls.__new__(cls)
        copy_octets(value.raw, octets, 12)
        return value

    @classmethod
    def from_epoch_milliseconds(
        cls, milliseconds, *, deviation=None, status=0, deviation_sign="standard", daylight_saving_apart=False
    ):
        """The value of a time in ms since 1970-01-01: UTC with a `deviation`, local time without one.

        What is below a hundredth is cut off; a year outside 0..65534 is an EncodeError.
        """
        cdef CosemDateTime value = cls.__new__(cls)
        cdef dlms_time_rule rule
        time_rule(deviation_sign, daylight_saving_apart, &rule)
        cdef CosemDateTime ends = CosemDateTime(deviation=deviation, status=status)
        if not -(1 << 62) < milliseconds.__index__() < 1 << 62 or not dlms_put_date_time(
            value.raw, milliseconds, dlms_deviation(ends.raw), ends.raw[11], &rule
        ):
            raise EncodeError(f"{milliseconds} ms is outside the years 0 to 65534")
        return value

    def epoch_milliseconds(self, *, deviation_sign="standard", daylight_saving_apart=False):
        """Milliseconds since 1970-01-01: UTC where `deviation` is given, else local time as sent.

        None when year, month, day, hour, minute or second is not specified, special or impossible.
        `deviation_sign` "reversed" is for meters that send +60 for UTC+1; `daylight_saving_apart` for those
        whose deviation leaves out the hour that the status announces as daylight saving.
        """
        cdef dlms_time_rule rule
        time_rule(deviation_sign, daylight_saving_apart, &rule)
        cdef int64_t milliseconds = dlms_epoch_ms(self.raw, &rule)
        return None if milliseconds == DLMS_NAT else milliseconds

    @property
    def octets(self):
        return PyBytes_FromStringAndSize(<const char*>self.raw, 12)

    @property
    def year(self):
        return year_of(self.raw)

    @property
    def month(self):
        return field(self.raw[2])

    @property
    def day(self):
        return field(self.raw[3])

    @property
    def day_of_week(self):
        """1 is Monday, 7 is Sunday."""
        return field(self.raw[4])

    @property
    def hour(self):
        return field(self.raw[5])

    @property
    def minute(self):
        return field(self.raw[6])

    @property
    def second(self):
        return field(self.raw[7])

    @property
    def hundredths(self):
        return field(self.raw[8])

    @property
    def deviation(self):
        cdef int minutes = dlms_deviation(self.raw)
        return None if minutes == DLMS_NO_DEVIATION else minutes

    @property
    def status(self):
        return field(self.raw[11])

    @property
    def daylight_savings_begin(self):
        """Month FE: the day on which daylight saving begins."""
        return self.raw[2] == DAYLIGHT_SAVINGS_BEGIN

    @property
    def daylight_savings_end(self):
        """Month FD: the day on which daylight saving ends."""
        return self.raw[2] == DAYLIGHT_SAVINGS_END

    @property
    def last_day_of_month(self):
        """Day FE."""
        return self.raw[3] == LAST_DAY_OF_MONTH

    @property
    def second_last_day_of_month(self):
        """Day FD."""
        return self.raw[3] == SECOND_LAST_DAY_OF_MONTH

    def __eq__(self, other):
        if not isinstance(other, CosemDateTime):
            return NotImplemented
        return memcmp(self.raw, (<CosemDateTime>other).raw, 12) == 0

    def __hash__(self):
        return hash(self.octets)

    def __repr__(self):
        return rebuilt(self, (
            "year", "month", "day", "day_of_week", "hour", "minute", "second", "hundredths", "deviation",
            "status",
        ))

    def __str__(self):
        words = f"{date_words(self.raw)}T{time_words(self.raw + 5)}"
        offset = self.deviation
        if offset is None:
            return words
        return f"{words}{'+' if offset <= 0 else '-'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"

    def __reduce__(self):
        return type(self).from_octets, (self.octets,)


cdef class CosemDate:
    """A date of 5 octets; immutable, equal and hashed by octets. Fields as in CosemDateTime."""

    def __init__(self, *, year=None, month=None, day=None, day_of_week=None):
        put_date(self.raw, year, month, day, day_of_week)

    @classmethod
    def from_octets(cls, octets):
        """The value of exactly 5 octets, whatever they say; another length is a DecodeError."""
        cdef CosemDate value = cls.__new__(cls)
        copy_octets(value.raw, octets, 5)
        return value

    def epoch_milliseconds(self):
        """Midnight in ms since 1970-01-01, in local time; None when the octets name no single day."""
        cdef int64_t milliseconds = dlms_date_ms(self.raw)
        return None if milliseconds == DLMS_NAT else milliseconds

    @property
    def octets(self):
        return PyBytes_FromStringAndSize(<const char*>self.raw, 5)

    @property
    def year(self):
        return year_of(self.raw)

    @property
    def month(self):
        return field(self.raw[2])

    @property
    def day(self):
        return field(self.raw[3])

    @property
    def day_of_week(self):
        """1 is Monday, 7 is Sunday."""
        return field(self.raw[4])

    @property
    def daylight_savings_begin(self):
        """Month FE: the day on which daylight saving begins."""
        return self.raw[2] == DAYLIGHT_SAVINGS_BEGIN

    @property
    def daylight_savings_end(self):
        """Month FD: the day on which daylight saving ends."""
        return self.raw[2] == DAYLIGHT_SAVINGS_END

    @property
    def last_day_of_month(self):
        """Day FE."""
        return self.raw[3] == LAST_DAY_OF_MONTH

    @property
    def second_last_day_of_month(self):
        """Day FD."""
        return self.raw[3] == SECOND_LAST_DAY_OF_MONTH

    def __eq__(self, other):
        if not isinstance(other, CosemDate):
            return NotImplemented
        return memcmp(self.raw, (<CosemDate>other).raw, 5) == 0

    def __hash__(self):
        return hash(self.octets)

    def __repr__(self):
        return rebuilt(self, ("year", "month", "day", "day_of_week"))

    def __str__(self):
        return date_words(self.raw)

    def __reduce__(self):
        return type(self).from_octets, (self.octets,)


cdef class CosemTime:
    """A time of day of 4 octets; immutable, equal and hashed by octets. Fields as in CosemDateTime."""

    def __init__(self, *, hour=None, minute=None, second=None, hundredths=None):
        put_time(self.raw, hour, minute, second, hundredths)

    @classmethod
    def from_octets(cls, octets):
        """The value of exactly 4 octets, whatever they say; another length is a DecodeError."""
        cdef CosemTime value = cls.__new__(cls)
        copy_octets(value.raw, octets, 4)
        return value

    def milliseconds(self):
        """Milliseconds since midnight; None when hour, minute or second is not specified or impossible."""
        cdef int64_t milliseconds = dlms_time_ms(self.raw)
        return None if milliseconds == DLMS_NAT else milliseconds

    @property
    def octets(self):
        return PyBytes_FromStringAndSize(<const char*>self.raw, 4)

    @property
    def hour(self):
        return field(self.raw[0])

    @property
    def minute(self):
        return field(self.raw[1])

    @property
    def second(self):
        return field(self.raw[2])

    @property
    def hundredths(self):
        return field(self.raw[3])

    def __eq__(self, other):
        if not isinstance(other, CosemTime):
            return NotImplemented
        return memcmp(self.raw, (<CosemTime>other).raw, 4) == 0

    def __hash__(self):
        return hash(self.octets)

    def __repr__(self):
        return rebuilt(self, ("hour", "minute", "second", "hundredths"))

    def __str__(self):
        return time_words(self.raw)

    def __reduce__(self):
        return type(self).from_octets, (self.octets,)


cdef CosemDateTime date_time_of(const uint8_t* octets):
    """The date-time of 12 octets that the caller knows to be there."""
    cdef CosemDateTime value = CosemDateTime.__new__(CosemDateTime)
    memcpy(value.raw, octets, 12)
    return value


cdef CosemDate date_of(const uint8_t* octets):
    """The date of 5 octets that the caller knows to be there."""
    cdef CosemDate value = CosemDate.__new__(CosemDate)
    memcpy(value.raw, octets, 5)
    return value


cdef CosemTime time_of(const uint8_t* octets):
    """The time of 4 octets that the caller knows to be there."""
    cdef CosemTime value = CosemTime.__new__(CosemTime)
    memcpy(value.raw, octets, 4)
    return value

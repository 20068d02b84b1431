"""The slice of BER that ACSE uses: contents of INTEGER, OBJECT IDENTIFIER and BIT STRING (X.690)."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_1BYTE_DATA, PyUnicode_New, PyUnicode_READ_CHAR
from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint64_t

from dlms_core.cursor cimport (
    DLMS_LENGTH,
    DLMS_VALUE,
    dlms_cursor,
    dlms_cursor_open,
    dlms_fail,
    dlms_left,
    dlms_need,
    dlms_octets,
)
from dlms_core.fault import EncodeError
from dlms_core.fault cimport raise_fault, shown
from dlms_core.sink cimport (
    dlms_sink,
    dlms_sink_close,
    dlms_sink_need,
    dlms_sink_open,
    dlms_sink_u8,
)


cdef bint read_integer(dlms_cursor* c, int64_t* value) noexcept:
    cdef size_t count = dlms_left(c)
    cdef uint64_t number
    if count == 0 or count > 8:
        return dlms_fail(c, DLMS_LENGTH, c.at, 1, <int64_t>count)
    number = 0xFFFFFFFFFFFFFFFF if c.at[0] & 0x80 else 0
    while c.at < c.end:
        number = number << 8 | c.at[0]
        c.at += 1
    value[0] = <int64_t>number
    return True


cdef object read_object_identifier(dlms_cursor* c):
    """The dotted form; None and a fault where an arc has no end or does not fit 63 bits."""
    cdef uint64_t arc = 0, first
    cdef bint inside = False
    cdef list arcs = []
    if not dlms_need(c, 1):
        return None
    while c.at < c.end:
        if arc > <uint64_t>INT64_MAX >> 7:
            dlms_fail(c, DLMS_VALUE, c.at, -1, <int64_t>arc)
            return None
        arc = arc << 7 | (c.at[0] & 0x7F)
        inside = c.at[0] & 0x80
        c.at += 1
        if not inside:
            if not arcs:
                # The first two arcs share one number: 40 x first + second, first at most 2.
                first = arc // 40 if arc < 80 else 2
                arcs.append(str(first))
                arc -= 40 * first
            arcs.append(str(arc))
            arc = 0
    if inside:
        dlms_need(c, 1)
        return None
    return ".".join(arcs)


cdef object read_bit_string(dlms_cursor* c, size_t bits):
    """`bits` bits, first bit first, as a str of "0" and "1"; None and a fault where the octets do not suffice."""
    cdef const uint8_t* octets
    cdef size_t i
    cdef uint8_t* text
    if not dlms_octets(c, (bits + 7) // 8, &octets):
        return None
    value = PyUnicode_New(bits, 127)
    text = <uint8_t*>PyUnicode_1BYTE_DATA(value)
    for i in range(bits):
        text[i] = c"1" if octets[i >> 3] & (0x80 >> (i & 7)) else c"0"
    return value


cdef bint write_integer(dlms_sink* s, int64_t value) noexcept:
    cdef int width = 8
    # A leading octet that only repeats the sign of the next one is left out.
    while width > 1 and (value >> (8 * width - 9)) in (0, -1):
        width -= 1
    if not dlms_sink_need(s, width):
        return False
    while width:
        width -= 1
        s.octets[s.used] = <uint8_t>(value >> (8 * width))
        s.used += 1
    return True


cdef int write_arc(dlms_sink* s, uint64_t arc) except -1:
    cdef int shift = 63
    while shift and not arc >> shift:
        shift -= 7
    while shift >= 0:
        if not dlms_sink_u8(s, <uint8_t>((arc >> shift) & 0x7F) | (0x80 if shift else 0)):
            raise MemoryError
        shift -= 7
    return 0


cdef int write_object_identifier(dlms_sink* s, object value) except -1:
    try:
        arcs = [int(arc) for arc in value.split(".")]
    except (AttributeError, TypeError, ValueError):
        raise EncodeError(f"{shown(value)} is no object identifier") from None
    if (
        len(arcs) < 2 or arcs[0] not in (0, 1, 2) or (arcs[0] < 2 and arcs[1] >= 40) or min(arcs) < 0
        or max(*arcs, 80 + arcs[1]) > INT64_MAX
    ):
        raise EncodeError(f"{shown(value)} is no object identifier")
    write_arc(s, 40 * arcs[0] + arcs[1])
    for arc in arcs[2:]:
        write_arc(s, arc)
    return 0


cdef int write_bits(dlms_sink* s, str value) except -1:
    """The bits of a str of "0" and "1", filled up with zeros to whole octets."""
    cdef Py_ssize_t i, count = len(value)
    cdef Py_UCS4 bit
    cdef uint8_t* octets
    if not dlms_sink_need(s, (count + 7) // 8):
        raise MemoryError
    octets = s.octets + s.used
    for i in range((count + 7) // 8):
        octets[i] = 0
    for i in range(count):
        bit = PyUnicode_READ_CHAR(value, i)
        if bit == c"1":
            octets[i >> 3] |= 0x80 >> (i & 7)
        elif bit != c"0":
            raise EncodeError(f"a bit string is made of 0 and 1, not {shown(value)}")
    s.used += (count + 7) // 8
    return 0


def decode_object_identifier(octets):
    """The dotted form of the content octets of an OBJECT IDENTIFIER."""
    cdef dlms_cursor c
    cdef bytes content = bytes(octets)
    dlms_cursor_open(&c, <const uint8_t*>PyBytes_AS_STRING(content), PyBytes_GET_SIZE(content))
    value = read_object_identifier(&c)
    if value is None:
        raise_fault(&c.fault, "ber")
    return value


def encode_object_identifier(value):
    """The content octets of an OBJECT IDENTIFIER in dotted form."""
    cdef dlms_sink s
    dlms_sink_open(&s)
    try:
        write_object_identifier(&s, value)
        return PyBytes_FromStringAndSize(<char*>s.octets, s.used)
    finally:
        dlms_sink_close(&s)

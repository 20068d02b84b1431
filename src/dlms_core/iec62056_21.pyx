"""The ASCII protocol of IEC 62056-21: its messages in a stream, its data sets, its check character.

Characters have 7 bits; a parity bit in the eighth, where a port passes it on, is taken away.
"""

from libc.stdint cimport uint8_t

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from dlms_core.fault import DecodeError, EncodeError

from dlms_core.stream cimport StreamReader

cdef enum:
    SOH = 0x01
    STX = 0x02
    ETX = 0x03
    EOT = 0x04
    ACK = 0x06
    LF = 0x0A
    CR = 0x0D
    NAK = 0x15
    CHARACTER = 0x7F

LONGEST = 1 << 20  # a readout has some kilobytes; it only has to be finite
LONGEST_LINE = 128  # request, identification and option select messages

REQUEST = "request"
IDENTIFICATION = "identification"
OPTION_SELECT = "option-select"
ACKNOWLEDGE = "acknowledge"
REPEAT = "repeat-request"
DATA = "data"
COMMAND = "command"


cdef class Message:
    """One message. `kind` is one of the names of this module; `text` what it says, without what frames it.

    A request's text is the address ("" for any), an identification's all that follows the slash, an option select's
    its three characters, a data message's the content between STX and ETX, a command's its letter and digit and, after
    STX, its data set. `partial` says that the block ended with EOT: another follows. `fault` is None, or the
    DecodeError of a check character that does not fit.
    """

    cdef readonly str kind
    cdef readonly str text
    cdef readonly bint partial
    cdef readonly object fault

    def __init__(self, kind, text="", *, partial=False, fault=None):
        self.kind = kind
        self.text = text
        self.partial = partial
        self.fault = fault

    def __eq__(self, other):
        if not isinstance(other, Message):
            return NotImplemented
        cdef Message that = other
        return (
            self.kind == that.kind and self.text == that.text and self.partial == that.partial
            and (self.fault is None) == (that.fault is None)
        )

    def __hash__(self):
        return hash((self.kind, self.text, self.partial))

    def __repr__(self):
        faulty = "" if self.fault is None else f" ({self.fault})"
        return f"<{self.kind} {self.text!r}{' partial' if self.partial else ''}{faulty}>"


cdef class MessageReader(StreamReader):
    """Reads the messages of a stream: `read` and `finish` give Message and DecodeError, in order.

    `option_select` says that an ACK begins an option select message, as a meter sees it; else it stands alone.
    """

    cdef bint option_select

    layer = "iec62056-21"

    def __init__(self, *, option_select=False):
        self.option_select = option_select

    cdef Py_ssize_t take(self, const uint8_t* octets, size_t count, bint last, list events) except -1:
        cdef size_t at = 0
        cdef Py_ssize_t used
        while at < count:
            used = self.message(octets + at, count - at, at, events)
            if used == 0:
                if not last:
                    break
                self.garbage(at, "the octets end within a message", events)
                return count
            if used < 0:
                self.garbage(at, "no message begins like this", events)
                used = 1
            else:
                self.lost = False
            at += used
        return at

    cdef Py_ssize_t message(self, const uint8_t* octets, size_t count, size_t at, list events) except -2:
        """How many octets the message at the front has; 0 while it goes on, -1 where none begins."""
        cdef uint8_t first = octets[0] & CHARACTER
        if first == ord("/"):
            return self.line(octets, count, at, events)
        if first == ACK:
            if self.option_select:
                return self.options(octets, count, events)
            events.append(Message(ACKNOWLEDGE))
            return 1
        if first == NAK:
            events.append(Message(REPEAT))
            return 1
        if first == STX or first == SOH:
            return self.block(octets, count, at, events)
        return -1

    cdef Py_ssize_t line(self, const uint8_t* octets, size_t count, size_t at, list events) except -2:
        cdef size_t i
        cdef str text
        for i in range(1, min(count, <size_t>LONGEST_LINE)):
            if octets[i] & CHARACTER == LF and octets[i - 1] & CHARACTER == CR:
                text = characters(octets + 1, i - 2)
                if len(text) > 1 and text.startswith("?") and text.endswith("!"):
                    events.append(Message(REQUEST, text[1 : len(text) - 1]))
                else:
                    events.append(Message(IDENTIFICATION, text))
                return i + 1
        return -1 if count >= <size_t>LONGEST_LINE else 0

    cdef Py_ssize_t options(self, const uint8_t* octets, size_t count, list events) except -2:
        if count < 6:
            return 0
        if octets[4] & CHARACTER != CR or octets[5] & CHARACTER != LF:
            return -1
        events.append(Message(OPTION_SELECT, characters(octets + 1, 3)))
        return 6

    cdef Py_ssize_t block(self, const uint8_t* octets, size_t count, size_t at, list events) except -2:
        cdef size_t i
        cdef uint8_t check = 0, c
        cdef bint command = octets[0] & CHARACTER == SOH
        for i in range(1, min(count, <size_t>LONGEST)):
            c = octets[i] & CHARACTER
            check ^= c
            if c == ETX or c == EOT:
                if i + 1 == count:
                    return 0
                fault = None
                if octets[i + 1] & CHARACTER != check:
                    fault = DecodeError(
                        f"expected check character {check:02X}, got {octets[i + 1] & CHARACTER:02X}",
                        layer=self.layer, offset=self.offset + at + i + 1,
                    )
                text = characters(octets + 1, i - 1)
                events.append(
                    Message(COMMAND if command else DATA, text.replace("\x02", "") if command else text,
                            partial=c == EOT, fault=fault)
                )
                return i + 2
        return -1 if count >= <size_t>LONGEST else 0


cdef str characters(const uint8_t* octets, Py_ssize_t count):
    """Characters of 7 bits as text."""
    cdef bytes made = PyBytes_FromStringAndSize(NULL, count)
    cdef uint8_t* out = <uint8_t*>PyBytes_AS_STRING(made)
    cdef Py_ssize_t i
    for i in range(count):
        out[i] = octets[i] & CHARACTER
    return made.decode("ascii")


cdef bytes ascii_of(str text):
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise EncodeError(f"characters of 7 bits are needed, not {text!r}") from None


def build(kind, str text="", *, partial=False):
    """The octets of a message of one of the kinds, the reverse of reading it. EncodeError for what has no form.

    A command's text is its letter and digit and its data set: "P1(00000000)".
    """
    cdef bytes content = ascii_of(text)
    if kind == REQUEST:
        return b"/?" + content + b"!\r\n"
    if kind == IDENTIFICATION:
        return b"/" + content + b"\r\n"
    if kind == OPTION_SELECT and len(content) == 3:
        return b"\x06" + content + b"\r\n"
    if kind == ACKNOWLEDGE and not content:
        return b"\x06"
    if kind == REPEAT and not content:
        return b"\x15"
    if kind == DATA:
        return b"\x02" + checked(content + (b"\x04" if partial else b"\x03"))
    if kind == COMMAND and len(content) >= 2:
        data = b"\x02" + content[2:] if len(content) > 2 else b""
        return b"\x01" + checked(content[:2] + data + (b"\x04" if partial else b"\x03"))
    raise EncodeError(f"no {kind} message says {text!r}")


cdef bytes checked(bytes content):
    """The content and its check character: the exclusive or of all of it."""
    cdef uint8_t check = 0
    cdef const uint8_t* octets = <const uint8_t*>PyBytes_AS_STRING(content)
    cdef Py_ssize_t i
    for i in range(PyBytes_GET_SIZE(content)):
        check ^= octets[i]
    return content + bytes((check,))


cdef class DataSet:
    """One data set: `address` is the code before the bracket ("" where none is repeated), then value and unit."""

    cdef readonly str address
    cdef readonly str value
    cdef readonly str unit

    def __init__(self, address, value, unit=""):
        self.address = address
        self.value = value
        self.unit = unit

    def __eq__(self, other):
        if not isinstance(other, DataSet):
            return NotImplemented
        cdef DataSet that = other
        return self.address == that.address and self.value == that.value and self.unit == that.unit

    def __hash__(self):
        return hash((self.address, self.value, self.unit))

    def __repr__(self):
        return f"DataSet({self.address!r}, {self.value!r}, {self.unit!r})"


def data_sets(str text):
    """The data sets of a data message or a command: `address(value*unit)`, one after another, lines or not.

    A readout ends with an exclamation mark. DecodeError (layer "iec62056-21", offset in characters) for a bracket that
    is missing.
    """
    cdef list found = []
    cdef Py_ssize_t at = 0, opened, closed
    while True:
        while at < len(text) and text[at] in "\r\n":
            at += 1
        if at >= len(text) or text[at] == "!":
            return found
        opened = text.find("(", at)
        if opened < 0:
            raise DecodeError("expected a bracket after the address", layer="iec62056-21", offset=at)
        closed = text.find(")", opened)
        if closed < 0:
            raise DecodeError("expected the end of the brackets", layer="iec62056-21", offset=opened)
        value, _, unit = text[opened + 1:closed].partition("*")
        found.append(DataSet(text[at:opened].strip("\r\n"), value, unit))
        at = closed + 1

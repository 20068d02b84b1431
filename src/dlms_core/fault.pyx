"""The family of exceptions: DlmsError and its two kinds that the codec raises."""

from dlms_core.cursor cimport (
    DLMS_CHECK,
    DLMS_COUNT,
    DLMS_DEPTH,
    DLMS_LENGTH,
    DLMS_LENGTH_FORM,
    DLMS_PYTHON,
    DLMS_SIZE,
    DLMS_TAG,
    DLMS_TRAILING,
    DLMS_TRUNCATED,
    dlms_fault,
)


class DlmsError(Exception):
    """Whatever this library raises on purpose is one of these."""


class DecodeError(DlmsError):
    """Octets that cannot be read.

    `layer` names what was being decoded ("axdr", "hdlc", ...), `path` leads to the field within it
    ("" at the top), `offset` counts octets from the start of that layer. `reason` says what was expected and
    what was found; `expected`, where it is not None, names what would have to stand in place of octets that are there:
    no octets behind them mend that. `octets` are those of the layer where the decoder was given them as bytes: never
    shown, for they may hold secrets, and no part of a pickle.
    """

    def __init__(self, reason, *, layer, offset, path="", expected=None, clause=None):
        super().__init__(reason)
        self.reason = reason
        self.layer = layer
        self.path = path
        self.offset = offset
        self.expected = expected
        self.clause = clause
        self.octets = None

    def __str__(self):
        place = f"{self.path or self.layer}: {self.reason} at octet {self.offset}"
        return f"{place} ({self.clause})" if self.clause else place

    def __reduce__(self):
        return _decode_error, (
            type(self), self.reason, self.layer, self.offset, self.path, self.expected, self.clause,
        )


def _decode_error(kind, reason, layer, offset, path, expected, clause):
    return kind(reason, layer=layer, offset=offset, path=path, expected=expected, clause=clause)


class EncodeError(DlmsError, ValueError):
    """A value that its type cannot hold; `path` leads to it ("" at the top)."""

    def __init__(self, reason, *, path=""):
        super().__init__(reason)
        self.reason = reason
        self.path = path

    def __str__(self):
        return f"{self.path}: {self.reason}" if self.path else self.reason

    def __reduce__(self):
        return _encode_error, (type(self), self.reason, self.path)


def _encode_error(kind, reason, path):
    return kind(reason, path=path)


# The book's names of the tags of Data, for messages.
TAG_NAMES = {
    0: "null-data", 1: "array", 2: "structure", 3: "boolean", 4: "bit-string", 5: "double-long",
    6: "double-long-unsigned", 9: "octet-string", 10: "visible-string", 12: "utf8-string", 13: "bcd",
    15: "integer", 16: "long", 17: "unsigned", 18: "long-unsigned", 19: "compact-array", 20: "long64",
    21: "long64-unsigned", 22: "enum", 23: "float32", 24: "float64", 25: "date-time", 26: "date", 27: "time",
    28: "delta-integer", 29: "delta-long", 30: "delta-double-long", 31: "delta-unsigned",
    32: "delta-long-unsigned", 33: "delta-double-long-unsigned", 255: "dont-care",
}


cdef str tag_words(long long tag):
    name = TAG_NAMES.get(tag)
    return f"tag {tag}" if name is None else f"{name} ({tag})"


cdef str fault_reason(const dlms_fault* fault):
    cdef int code = fault.code
    if code == DLMS_TRUNCATED:
        return f"expected {fault.expected} more octets, got {fault.found}"
    if code == DLMS_TAG:
        if fault.expected < 0:
            return f"expected a known tag, got {tag_words(fault.found)}"
        return f"expected {tag_words(fault.expected)}, got {tag_words(fault.found)}"
    if code == DLMS_LENGTH:
        if fault.expected < 0:
            return f"impossible length {fault.found}"
        return f"expected length {fault.expected}, got {fault.found}"
    if code == DLMS_LENGTH_FORM:
        return f"impossible length octet {fault.found:02X}"
    if code == DLMS_COUNT:
        return f"at most {fault.expected} elements are possible here, got a count of {fault.found}"
    if code == DLMS_DEPTH:
        return f"nested deeper than {fault.expected}"
    if code == DLMS_SIZE:
        return f"the value would outgrow its limit of {fault.expected}"
    if code == DLMS_TRAILING:
        return f"{fault.found} octets follow the end of the value"
    if code == DLMS_CHECK:
        return f"expected check sequence {fault.expected:04X}, got {fault.found:04X}"
    return f"impossible value {fault.found}"


cdef int raise_fault(const dlms_fault* fault, str layer, str path="") except -1:
    if fault.code == DLMS_PYTHON:
        return -1  # the exception is already set
    expected = tag_words(fault.expected) if fault.code == DLMS_TAG and fault.expected >= 0 else None
    raise DecodeError(fault_reason(fault), layer=layer, offset=fault.offset, path=path, expected=expected)


cdef str shown(object value):
    """A value in an error: octets may be a secret, and anything may be very long, so only so much is told."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{len(value)} octets"
    if isinstance(value, int) and value.bit_length() > 128:  # Python refuses to print the largest ones
        return f"an int of {value.bit_length()} bits"
    words = repr(value)
    return words if len(words) <= 160 else words[:157] + "..."

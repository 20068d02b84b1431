"""Compact-arrays whose type description travels apart from the contents (class 62, compact-data).

The description becomes a row program and the contents columns exactly as in a whole compact-array: see
dlms_core.columns, which takes those with their tag.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t

from dlms_core.axdr cimport (
    AXDR_COMPACT_ARRAY,
    axdr_bounds,
    axdr_bounds_open,
    axdr_describe,
    axdr_description,
    axdr_description_close,
    axdr_octets,
)
from dlms_core.cursor cimport (
    DLMS_TAG,
    DLMS_TRAILING,
    dlms_cursor,
    dlms_cursor_open,
    dlms_fail,
    dlms_left,
    dlms_offset,
    dlms_u8,
)
from dlms_core.fault cimport raise_fault
from dlms_core.sink cimport dlms_length_width, dlms_put_length

from dlms_core import columns
from dlms_core.fault import DecodeError


cdef int past_description(dlms_cursor* c, str layer) except -1:
    cdef axdr_bounds bounds
    cdef axdr_description description
    cdef bint good
    axdr_bounds_open(&bounds, dlms_left(c))
    good = axdr_describe(c, &bounds, &description)
    axdr_description_close(&description)
    if not good:
        raise_fault(&c.fault, layer)
    return 0


def join(description, contents):
    """The compact-array (with its tag) of a type description and its array-contents.

    DecodeError where the description is none, or octets follow it.
    """
    cdef bytes form = bytes(memoryview(description)), elements = bytes(memoryview(contents))
    cdef uint8_t[5] length
    cdef size_t width = dlms_length_width(PyBytes_GET_SIZE(elements))
    cdef dlms_cursor c
    dlms_cursor_open(&c, <const uint8_t*>PyBytes_AS_STRING(form), PyBytes_GET_SIZE(form))
    past_description(&c, "type-description")
    if dlms_left(&c):
        dlms_fail(&c, DLMS_TRAILING, c.at, 0, dlms_left(&c))
        raise_fault(&c.fault, "type-description")
    dlms_put_length(length, PyBytes_GET_SIZE(elements), width)
    return b"\x13" + form + PyBytes_FromStringAndSize(<const char*>length, width) + elements


def split(octets):
    """The type description and the array-contents of a compact-array (with its tag); join puts them together again.

    DecodeError where the octets are no compact-array; what is in the contents is not looked at.
    """
    cdef bytes whole = bytes(memoryview(octets))
    cdef const uint8_t* contents = NULL
    cdef uint8_t tag = 0
    cdef size_t size = 0, described
    cdef dlms_cursor c
    dlms_cursor_open(&c, <const uint8_t*>PyBytes_AS_STRING(whole), PyBytes_GET_SIZE(whole))
    if not dlms_u8(&c, &tag):
        raise_fault(&c.fault, "axdr")
    if tag != AXDR_COMPACT_ARRAY:
        dlms_fail(&c, DLMS_TAG, c.origin, AXDR_COMPACT_ARRAY, tag)
        raise_fault(&c.fault, "axdr")
    past_description(&c, "axdr")
    described = dlms_offset(&c)
    if not axdr_octets(&c, &contents, &size):
        raise_fault(&c.fault, "axdr")
    if dlms_left(&c):
        dlms_fail(&c, DLMS_TRAILING, c.at, 0, dlms_left(&c))
        raise_fault(&c.fault, "axdr")
    return whole[1:described], PyBytes_FromStringAndSize(<const char*>contents, size)


def unpack(
    description, contents, *, clocks=None, capture_step=0, nulls="repeat", deviation_sign="standard",
    daylight_saving_apart=False, masks=True, companions=False,
):
    """The elements of `contents` as columns; parameters and result as in columns.unpack.

    A DecodeError counts its offset in the type description (layer "type-description") or in the contents (layer
    "array-contents").
    """
    joined = join(description, contents)
    cdef size_t head = len(joined) - len(memoryview(contents))
    try:
        return columns.unpack(
            joined, clocks=clocks, capture_step=capture_step, nulls=nulls, deviation_sign=deviation_sign,
            daylight_saving_apart=daylight_saving_apart, masks=masks, companions=companions,
        )
    except DecodeError as error:
        if error.offset >= head:
            error.layer = "array-contents"
            error.offset -= head
        else:
            error.layer = "type-description"
            error.offset = max(error.offset - 1, 0)
        raise

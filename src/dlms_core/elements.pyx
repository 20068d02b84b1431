"""What is whole of an array that was cut off, or whose count is wrong."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t

from dlms_core.axdr cimport AXDR_ARRAY, axdr_bounds, axdr_bounds_open, axdr_skip
from dlms_core.cursor cimport (
    DLMS_COUNT,
    DLMS_OK,
    DLMS_TRUNCATED,
    dlms_cursor,
    dlms_cursor_open,
    dlms_left,
    dlms_length,
    dlms_u8,
)
from dlms_core.sink cimport (
    dlms_sink,
    dlms_sink_close,
    dlms_sink_length,
    dlms_sink_octets,
    dlms_sink_open,
    dlms_sink_u8,
)


def whole_elements(octets):
    """The array of the elements that are there from first to last octet, with their true count.

    `octets` is one A-XDR array, cut off anywhere or with a count that is too high or too low. None where it does not
    begin as an array does, or where an element is broken and not merely cut off.
    """
    cdef Py_buffer view
    cdef dlms_cursor cursor
    cdef axdr_bounds bounds
    cdef dlms_sink sink
    cdef uint8_t tag = 0
    cdef size_t count = 0, whole = 0
    cdef const uint8_t* first
    cdef const uint8_t* after
    cdef bint fine
    PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
    dlms_sink_open(&sink)
    try:
        dlms_cursor_open(&cursor, <const uint8_t*>view.buf, view.len)
        if not dlms_u8(&cursor, &tag) or tag != AXDR_ARRAY or not dlms_length(&cursor, &count):
            return None
        first = after = cursor.at
        axdr_bounds_open(&bounds, view.len)
        bounds.depth -= 1  # the array itself
        with nogil:
            while dlms_left(&cursor) and bounds.values and axdr_skip(&cursor, &bounds, NULL):
                bounds.values -= 1
                after = cursor.at
                whole += 1
        if cursor.fault.code not in (DLMS_OK, DLMS_TRUNCATED, DLMS_COUNT):
            return None
        with nogil:
            fine = (
                dlms_sink_u8(&sink, AXDR_ARRAY)
                and dlms_sink_length(&sink, whole)
                and dlms_sink_octets(&sink, first, after - first)
            )
        if not fine:
            raise MemoryError
        return PyBytes_FromStringAndSize(<const char*>sink.octets, sink.used)
    finally:
        dlms_sink_close(&sink)
        PyBuffer_Release(&view)

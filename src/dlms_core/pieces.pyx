"""Octets cut into pieces of a given size: segments of a frame, blocks of a transfer."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize

from libc.stdint cimport uint8_t

from dlms_core.sink cimport dlms_length_width, dlms_put_length

from dlms_core.fault import EncodeError


def split(octets, Py_ssize_t size, *, Py_ssize_t first=-1):
    """The octets in pieces of `size`, the last one shorter perhaps; no octets are one empty piece.

    `first` is another size for the first piece, where something goes with it. EncodeError for a size below 1.
    """
    cdef Py_buffer view
    cdef Py_ssize_t at = 0, count
    cdef list pieces = []
    if size < 1 or first == 0 or first < -1:
        raise EncodeError(f"a piece has at least one octet, not {size if size < 1 else first}")
    PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
    try:
        count = min(size if first < 0 else first, view.len)
        while True:
            pieces.append(PyBytes_FromStringAndSize(<const char*>view.buf + at, count))
            at += count
            if at >= view.len:
                return pieces
            count = min(size, view.len - at)
    finally:
        PyBuffer_Release(&view)


def head(int tag, size_t count):
    """The octets that a value of `tag` with `count` elements or octets begins with: the tag and the length."""
    cdef uint8_t octets[1 + 1 + 8]
    cdef size_t width
    if not 0 <= tag <= 0xFF:
        raise EncodeError(f"a tag is one octet, not {tag}")
    octets[0] = <uint8_t>tag
    width = dlms_length_width(count)
    dlms_put_length(octets + 1, count, width)
    return PyBytes_FromStringAndSize(<const char*>octets, 1 + width)

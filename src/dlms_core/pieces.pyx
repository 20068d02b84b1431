"""Octets cut into pieces of a given size: segments of a frame, blocks of a transfer."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize

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

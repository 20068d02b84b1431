"""Octet stuffing of async-HDLC links (RFC 1662, clause 4.2): 7E and 7D travel as 7D 5E and 7D 5D."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport SIZE_MAX, uint8_t

from dlms_core.fault import DecodeError

cdef extern from "Python.h":
    # The references are counted by hand: only an object that nothing else has seen may be resized.
    PyObject* new_bytes "PyBytes_FromStringAndSize" (const char* octets, Py_ssize_t size) except NULL
    uint8_t* bytes_start "(uint8_t*)PyBytes_AS_STRING" (PyObject* octets)
    int _PyBytes_Resize(PyObject** octets, Py_ssize_t size) except -1
    void Py_DECREF(PyObject* octets)


def stuff(octets):
    """What stands for `octets` (any contiguous buffer) between two flags: neither 7E nor a bare 7D is left in it."""
    # A copy that nobody can change between measuring and writing.
    cdef bytes plain = octets if type(octets) is bytes else bytes(memoryview(octets))
    cdef const uint8_t* start = <const uint8_t*>PyBytes_AS_STRING(plain)
    cdef size_t count = PyBytes_GET_SIZE(plain)
    cdef bytes stuffed = PyBytes_FromStringAndSize(NULL, dlms_stuffed_size(start, count))
    dlms_stuff(start, count, <uint8_t*>PyBytes_AS_STRING(stuffed))
    return stuffed


def unstuff(octets):
    """The octets that the inside of a stuffed frame stands for; any escaped octet is accepted.

    DecodeError (layer "transparency") for a flag inside, bare or escaped (which aborts a frame), and for a 7D at the
    end.
    """
    cdef Py_buffer view
    cdef PyObject* plain
    cdef size_t fault = 0, size
    PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
    try:
        plain = new_bytes(NULL, view.len)
        size = dlms_unstuff(<const uint8_t*>view.buf, view.len, bytes_start(plain), &fault)
        if size == SIZE_MAX:
            Py_DECREF(plain)
            if (<const uint8_t*>view.buf)[fault] == DLMS_FLAG:
                reason = "flag 7E inside the frame"
            else:
                reason = "escape 7D at the end, with no octet to escape"
            raise DecodeError(reason, layer="transparency", offset=fault, clause="RFC 1662, 4.2")
        _PyBytes_Resize(&plain, size)
        result = <object>plain
        Py_DECREF(plain)
        return result
    finally:
        PyBuffer_Release(&view)

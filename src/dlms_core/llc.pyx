"""The LLC header before an APDU on HDLC: E6 E6 00 for commands, E6 E7 00 for responses (IEC 62056-46)."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

COMMAND = b"\xe6\xe6\x00"
RESPONSE = b"\xe6\xe7\x00"


cdef size_t count_headers(const uint8_t* octets, size_t count) noexcept nogil:
    cdef size_t found = 0
    cdef const uint8_t* at = octets
    while count >= (found + 1) * LLC_LENGTH:
        if at[0] != 0xE6 or (at[1] != 0xE6 and at[1] != 0xE7) or at[2] != 0:
            break
        found += 1
        at += LLC_LENGTH
    return found


def headers(octets):
    """How many LLC headers stand at the front: 0, 1, or 2 where a meter sends it twice (seen in an AARE)."""
    cdef Py_buffer view
    PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
    try:
        return count_headers(<const uint8_t*> view.buf, view.len)
    finally:
        PyBuffer_Release(&view)


def remove(octets):
    """The octets after every LLC header at the front; all of them where there is none."""
    cdef Py_buffer view
    cdef size_t skipped
    PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
    try:
        skipped = LLC_LENGTH * count_headers(<const uint8_t*> view.buf, view.len)
        return PyBytes_FromStringAndSize(<const char*> view.buf + skipped, view.len - <Py_ssize_t> skipped)
    finally:
        PyBuffer_Release(&view)


def split(octets, Py_ssize_t at):
    """(what is before `at`, the APDU behind an LLC header that stands at `at`); (all, b"") where none stands there.

    Some meters put several APDUs, each behind its own header, into one information field (Landis+Gyr E450); only the
    end of an APDU tells that what follows is a header and no payload.
    """
    cdef Py_buffer view
    cdef const char* start
    cdef size_t skipped
    PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
    try:
        start = <const char*> view.buf
        if 0 <= at <= view.len:
            skipped = LLC_LENGTH * count_headers(<const uint8_t*> start + at, view.len - at)
            if skipped:
                return (
                    PyBytes_FromStringAndSize(start, at),
                    PyBytes_FromStringAndSize(start + at + skipped, view.len - at - <Py_ssize_t> skipped),
                )
        return PyBytes_FromStringAndSize(start, view.len), b""
    finally:
        PyBuffer_Release(&view)


def add(apdu, *, bint response):
    """The APDU behind its LLC header: that of responses (a server's) or of commands (a client's)."""
    cdef Py_buffer view
    cdef bytes whole
    cdef char* at
    PyObject_GetBuffer(apdu, &view, PyBUF_SIMPLE)
    try:
        whole = PyBytes_FromStringAndSize(NULL, LLC_LENGTH + view.len)
        at = PyBytes_AS_STRING(whole)
        memcpy(at, PyBytes_AS_STRING(RESPONSE if response else COMMAND), LLC_LENGTH)
        memcpy(at + LLC_LENGTH, view.buf, view.len)
        return whole
    finally:
        PyBuffer_Release(&view)

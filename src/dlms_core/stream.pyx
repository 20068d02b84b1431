"""What readers of a stream share: octets kept between two deliveries, and the offset of what comes next."""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t
from libc.string cimport memmove

from dlms_core.fault import DecodeError

from dlms_core.sink cimport dlms_sink_close, dlms_sink_octets, dlms_sink_open


cdef class StreamReader:
    """Octets in, in any portions; a list of what they completed out.

    The events of a stream do not depend on how it was divided. What cannot be read appears among them as a
    DecodeError (not raised), once for each run of such octets, with the offset in the stream where the run
    begins.
    """

    layer = "stream"

    def __cinit__(self):
        dlms_sink_open(&self.held)

    def __dealloc__(self):
        dlms_sink_close(&self.held)

    @property
    def pending(self):
        """How many octets wait for the rest of theirs."""
        return self.held.used

    @cython.critical_section
    def read(self, octets):
        """What these octets complete, in the order of the stream."""
        cdef Py_buffer view
        cdef list events = []
        PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
        try:
            self.deliver(<const uint8_t*> view.buf, view.len, events)
        finally:
            PyBuffer_Release(&view)
        return events

    @cython.critical_section
    def finish(self):
        """No more octets follow: what the waiting ones amount to. The reader can be used again; offsets go
        on."""
        cdef list events = []
        cdef size_t count = self.held.used
        if count:
            self.take(self.held.octets, count, True, events)
            self.offset += count
            self.held.used = 0
        self.lost = False
        return events

    cdef int deliver(self, const uint8_t* octets, Py_ssize_t count, list events) except -1:
        cdef size_t done
        if self.held.used == 0:  # whole frames are read where they are; only a remainder is copied
            done = self.take(octets, count, False, events)
            self.keep(octets + done, count - done)
        else:
            self.keep(octets, count)
            done = self.take(self.held.octets, self.held.used, False, events)
            self.held.used -= done
            memmove(self.held.octets, self.held.octets + done, self.held.used)
        self.offset += done
        return 0

    cdef int keep(self, const uint8_t* octets, size_t count) except -1:
        if not dlms_sink_octets(&self.held, octets, count):
            raise MemoryError
        return 0

    cdef Py_ssize_t take(self, const uint8_t* octets, size_t count, bint last, list events) except -1:
        return count

    cdef int garbage(self, size_t at, str reason, list events) except -1:
        """One fault for a run of octets that belong to nothing."""
        if not self.lost:
            self.lost = True
            events.append(DecodeError(reason, layer=self.layer, offset=self.offset + at))
        return 0

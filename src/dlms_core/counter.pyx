"""A counter of which no value is ever handed out twice, whoever asks: threads need no lock around it."""

cimport cython
from libc.stdint cimport uint64_t

cdef enum:
    END = 0xFFFFFFFF  # it has 32 bits, and this value is never used


@cython.final
cdef class InvocationCounter:
    """Values that rise from `first` on."""

    cdef uint64_t following

    def __init__(self, uint64_t first=0):
        self.following = first

    @property
    def next(self):
        """The value that `take` would return."""
        return self.following

    @cython.critical_section
    def take(self, uint64_t count=1):
        """The first of `count` values, taken for good; None where so many are not left, and nothing is taken."""
        cdef uint64_t first = self.following
        if first >= END or count > END - first:
            return None
        self.following = first + count
        return first

    @cython.critical_section
    def advance_to(self, uint64_t value):
        """Let the next value be at least this one; a counter is never lowered."""
        if value > self.following:
            self.following = value

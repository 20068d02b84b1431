from libc.stdint cimport uint8_t, uint32_t


cdef class Sealing:
    cdef object encrypt
    cdef bytes system_title
    cdef readonly uint8_t control
    cdef bytes associated

    cdef bytes nonce(self, uint32_t counter)
    cdef int check_size(self, bytes sealed, Py_ssize_t size) except -1

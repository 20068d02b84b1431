from libc.stdint cimport uint8_t, uint32_t


cdef class Sealing:
    cdef object encrypt
    cdef bytes system_title
    cdef readonly uint8_t control
    cdef bytes associated

    cdef bytes nonce(self, uint32_t counter)
    cdef bytes sealed(self, bytes nonce, bytes plain, bytes header)
    cdef bytes checked(self, bytes sealed, Py_ssize_t size)

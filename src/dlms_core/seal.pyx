"""The octets around AES-GCM as IEC 62056-5-3 uses it: nonce, tag of 12 octets, what is authenticated besides.

The cipher itself is handed in: any library's encryption with AES-GCM under one key, whose tag has 16 octets.
"""

import hmac

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy

from dlms_core.fault import DecodeError

from dlms_core.sink cimport dlms_put_be32

TAG_LENGTH = 12
TITLE_LENGTH = 8

cdef enum:
    TAG = 12  # octets of the cipher's 16
    TITLE = 8
    NONCE = 12
    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20


cdef class Sealing:
    """What one sender protects with: all is settled but the counter.

    `encrypt(nonce, octets, associated)` is AES-GCM under the encryption key; `control` the security control octet,
    `associated` that octet and the authentication key, or b"" where nothing is authenticated. ValueError for a system
    title that has not 8 octets.
    """

    def __init__(self, encrypt, bytes system_title not None, uint8_t control, bytes associated not None):
        if PyBytes_GET_SIZE(system_title) != TITLE:
            raise ValueError(f"a system title has {TITLE} octets, not {len(system_title)}")
        self.encrypt = encrypt
        self.system_title = system_title
        self.control = control
        self.associated = associated

    cdef bytes nonce(self, uint32_t counter):
        cdef bytes nonce = PyBytes_FromStringAndSize(NULL, NONCE)
        cdef char* at = PyBytes_AS_STRING(nonce)
        memcpy(at, PyBytes_AS_STRING(self.system_title), TITLE)
        dlms_put_be32(<uint8_t*> at + TITLE, counter)
        return nonce

    def protect(self, bytes plain not None, uint32_t invocation_counter, bytes header not None=b""):
        """The content to send and its tag (b"" where none is asked for).

        The caller answers for never using a counter twice under a key.
        """
        cdef bytes sealed
        cdef bytes associated = self.associated + header if header else self.associated
        cdef Py_ssize_t size = PyBytes_GET_SIZE(plain) if self.control & ENCRYPTED else 0
        if not self.control & (AUTHENTICATED | ENCRYPTED):
            return plain, b""
        if self.control & ENCRYPTED:
            sealed = self.encrypt(self.nonce(invocation_counter), plain, associated)
        else:
            sealed = self.encrypt(self.nonce(invocation_counter), b"", associated + plain)
        self.check_size(sealed, size)
        tag = PyBytes_FromStringAndSize(PyBytes_AS_STRING(sealed) + size, TAG) if self.control & AUTHENTICATED else b""
        if not self.control & ENCRYPTED:
            return plain, tag
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(sealed), size), tag

    def unprotect(
        self, bytes content not None, bytes tag not None, uint32_t invocation_counter, bytes header not None=b""
    ):
        """The plaintext of received content, None where its tag does not fit.

        DecodeError for a tag of another length than 12 where there has to be one.
        """
        cdef Py_ssize_t size = PyBytes_GET_SIZE(content) if self.control & ENCRYPTED else 0
        cdef bytes associated = self.associated + header if header else self.associated
        cdef bytes nonce = self.nonce(invocation_counter)
        cdef bytes plain = content
        cdef bytes sealed
        if self.control & AUTHENTICATED and PyBytes_GET_SIZE(tag) != TAG:
            raise DecodeError(f"expected a tag of {TAG} octets, got {len(tag)}", layer="ciphering", offset=0)
        if self.control & ENCRYPTED:
            # A library's decryption wants all 16 octets of a tag. Counter mode is its own inverse, so encrypting once
            # gives the plaintext, and encrypting that again gives the tag to compare.
            sealed = self.encrypt(nonce, content, None)
            self.check_size(sealed, size)
            plain = PyBytes_FromStringAndSize(PyBytes_AS_STRING(sealed), size)
        if not self.control & AUTHENTICATED:
            return plain
        if self.control & ENCRYPTED:
            sealed = self.encrypt(nonce, plain, associated)
        else:
            sealed = self.encrypt(nonce, b"", associated + content)
        self.check_size(sealed, size)
        computed = PyBytes_FromStringAndSize(PyBytes_AS_STRING(sealed) + size, TAG)
        return plain if hmac.compare_digest(computed, tag) else None

    cdef int check_size(self, bytes sealed, Py_ssize_t size) except -1:
        if sealed is None or PyBytes_GET_SIZE(sealed) < size + TAG:
            raise ValueError("the cipher returned too few octets")
        return 0

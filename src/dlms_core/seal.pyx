"""The octets around AES-GCM as IEC 62056-5-3 uses it: nonce, tag of 12 octets, what is authenticated besides.

The cipher itself is handed in: any library's encryption with AES-GCM under one key, whose tag has 16 octets.
"""

import hmac

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memchr, memcpy

from dlms_core.fault import DecodeError

from dlms_core.cursor cimport dlms_cursor, dlms_cursor_open, dlms_left, dlms_length, dlms_u8, dlms_u32
from dlms_core.sink cimport dlms_length_width, dlms_put_be32, dlms_put_length

TAG_LENGTH = 12
TITLE_LENGTH = 8

cdef enum:
    TAG = 12  # octets of the cipher's 16
    CONTROL_AND_COUNTER = 5
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

    cdef bytes sealed(self, bytes nonce, bytes plain, bytes header):
        """The ciphertext of what is to be encrypted, and behind it the tag of all that is authenticated."""
        cdef bytes associated = self.associated + header if header else self.associated
        cdef bytes sealed
        if self.control & ENCRYPTED:
            sealed = self.encrypt(nonce, plain, associated)
        else:
            sealed = self.encrypt(nonce, b"", associated + plain)
        return self.checked(sealed, PyBytes_GET_SIZE(plain) if self.control & ENCRYPTED else 0)

    cdef bytes checked(self, bytes sealed, Py_ssize_t size):
        if sealed is None or PyBytes_GET_SIZE(sealed) < size + TAG:
            raise ValueError("the cipher returned too few octets")
        return sealed

    def protect(self, bytes plain not None, uint32_t invocation_counter, bytes header not None=b""):
        """The content to send and its tag (b"" where none is asked for).

        The caller answers for never using a counter twice under a key.
        """
        cdef Py_ssize_t size = PyBytes_GET_SIZE(plain) if self.control & ENCRYPTED else 0
        cdef bytes sealed
        if not self.control & (AUTHENTICATED | ENCRYPTED):
            return plain, b""
        sealed = self.sealed(self.nonce(invocation_counter), plain, header)
        tag = PyBytes_FromStringAndSize(PyBytes_AS_STRING(sealed) + size, TAG) if self.control & AUTHENTICATED else b""
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(sealed), size) if self.control & ENCRYPTED else plain, tag

    def unprotect(
        self, bytes content not None, bytes tag not None, uint32_t invocation_counter, bytes header not None=b""
    ):
        """The plaintext of received content, None where its tag does not fit.

        DecodeError for a tag of another length than 12 where there has to be one.
        """
        cdef Py_ssize_t size = PyBytes_GET_SIZE(content) if self.control & ENCRYPTED else 0
        cdef bytes nonce = self.nonce(invocation_counter)
        cdef bytes plain = content
        cdef bytes sealed
        if self.control & AUTHENTICATED and PyBytes_GET_SIZE(tag) != TAG:
            raise DecodeError(f"expected a tag of {TAG} octets, got {len(tag)}", layer="ciphering", offset=0)
        if self.control & ENCRYPTED:
            # A library's decryption wants all 16 octets of a tag. Counter mode is its own inverse, so encrypting once
            # gives the plaintext, and encrypting that again gives the tag to compare.
            sealed = self.checked(self.encrypt(nonce, content, None), size)
            plain = PyBytes_FromStringAndSize(PyBytes_AS_STRING(sealed), size)
        if not self.control & AUTHENTICATED:
            return plain
        sealed = self.sealed(nonce, plain, header)
        computed = PyBytes_FromStringAndSize(PyBytes_AS_STRING(sealed) + size, TAG)
        return plain if hmac.compare_digest(computed, tag) else None

    def apdu(self, uint8_t tag, bytes plain not None, uint32_t invocation_counter):
        """The service-specific ciphered APDU of this tag around a plain one: its length, the security control, the
        counter, the content and its tag. It is what the declared APDU's encoder makes of `protect`, in one step.
        ValueError where nothing is protected."""
        cdef bytes sealed, whole
        cdef size_t size = PyBytes_GET_SIZE(plain)
        cdef size_t tag_size = TAG if self.control & AUTHENTICATED else 0
        cdef size_t length = CONTROL_AND_COUNTER + size + tag_size
        cdef size_t width = dlms_length_width(length)
        cdef const char* content
        cdef const char* tag_octets
        cdef uint8_t* at
        if not self.control & (AUTHENTICATED | ENCRYPTED):
            raise ValueError("nothing is to be protected")
        sealed = self.sealed(self.nonce(invocation_counter), plain, b"")
        content = PyBytes_AS_STRING(sealed) if self.control & ENCRYPTED else PyBytes_AS_STRING(plain)
        tag_octets = PyBytes_AS_STRING(sealed) + (size if self.control & ENCRYPTED else 0)
        whole = PyBytes_FromStringAndSize(NULL, 1 + width + length)
        at = <uint8_t*> PyBytes_AS_STRING(whole)
        at[0] = tag
        dlms_put_length(at + 1, length, width)
        at += 1 + width
        at[0] = self.control
        dlms_put_be32(at + 1, invocation_counter)
        memcpy(at + CONTROL_AND_COUNTER, content, size)
        memcpy(at + CONTROL_AND_COUNTER + size, tag_octets, tag_size)
        return whole

    def opened(self, bytes octets not None, bytes tags not None):
        """(counter, plain APDU) of a service-specific ciphered APDU whose tag is one of `tags`, protected just as this
        is and whole; None for any other octets and where the tag does not fit: to say why takes its declaration."""
        cdef dlms_cursor c
        cdef uint8_t tag = 0, control = 0
        cdef uint32_t counter = 0
        cdef size_t length = 0, tag_size = TAG if self.control & AUTHENTICATED else 0
        cdef const char* content
        dlms_cursor_open(&c, <const uint8_t*> PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets))
        if not (
            self.control & (AUTHENTICATED | ENCRYPTED)
            and dlms_u8(&c, &tag) and memchr(PyBytes_AS_STRING(tags), tag, PyBytes_GET_SIZE(tags)) != NULL
            and dlms_length(&c, &length) and length == dlms_left(&c) and length >= CONTROL_AND_COUNTER + tag_size
            and dlms_u8(&c, &control) and control == self.control and dlms_u32(&c, &counter)
        ):
            return None
        content = <const char*> c.at
        length -= CONTROL_AND_COUNTER + tag_size
        plain = self.unprotect(
            PyBytes_FromStringAndSize(content, length), PyBytes_FromStringAndSize(content + length, tag_size), counter
        )
        return None if plain is None else (counter, plain)

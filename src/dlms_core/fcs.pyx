"""CRC-16/X-25, the check sequence of HDLC frames (ISO/IEC 13239; RFC 1662, appendix C).

`IMPLEMENTATION` names the kernel that `fcs16` uses on this processor, one of `IMPLEMENTATIONS`:

- "pclmul": carry-less multiplication, where the processor has it;
- "slice16": tables, 16 octets a step, everywhere.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t, uint16_t

IMPLEMENTATIONS = ("pclmul", "slice16") if dlms_fcs_folds() else ("slice16",)
IMPLEMENTATION = IMPLEMENTATIONS[0]


def fcs16(octets):
    """The check sequence of `octets` (any contiguous buffer); it is sent low octet first."""
    cdef Py_buffer view
    PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
    cdef uint16_t state = dlms_fcs(DLMS_FCS_START, <const uint8_t*>view.buf, view.len)
    PyBuffer_Release(&view)
    return state ^ 0xFFFF


def fcs16_by(str implementation, octets):
    """`fcs16` by a kernel of `IMPLEMENTATIONS`; ValueError for any other name."""
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(f"{implementation!r} is not one of {', '.join(IMPLEMENTATIONS)}")
    if implementation == IMPLEMENTATION:
        return fcs16(octets)
    cdef Py_buffer view
    PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
    cdef uint16_t state = dlms_fcs_slice16(DLMS_FCS_START, <const uint8_t*>view.buf, view.len)
    PyBuffer_Release(&view)
    return state ^ 0xFFFF

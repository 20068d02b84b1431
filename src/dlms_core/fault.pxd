"""Faults found by the C core, and the exceptions that they become."""

from dlms_core.cursor cimport dlms_fault

# Raises the DecodeError that `fault` describes; it never returns normally.
cdef int raise_fault(const dlms_fault* fault, str layer, str path=*) except -1
cdef str fault_reason(const dlms_fault* fault)

# The book's name of a tag of Data, and its number.
cdef str tag_words(long long tag)

# A value as an error may show it.
cdef str shown(object value)

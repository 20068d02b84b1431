/* Slots of Python objects (`__slots__`), reached by their offset. Python.h comes first. */
#ifndef DLMS_SLOTS_H
#define DLMS_SLOTS_H

#include <structmember.h>

/* The offset of the slot that a member descriptor stands for, or -1. */
static Py_ssize_t dlms_slot_offset(PyObject *descriptor) {
    if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type)) return -1;
    return ((PyMemberDescrObject *)descriptor)->d_member->offset;
}

static inline PyObject *dlms_slot(PyObject *object, Py_ssize_t offset) {
    return *(PyObject **)((char *)object + offset);
}

static inline void dlms_set_slot(PyObject *object, Py_ssize_t offset, PyObject *value) {
    *(PyObject **)((char *)object + offset) = value;
}

#endif

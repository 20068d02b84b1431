/* Slots of Python objects (`__slots__`), reached by their offset. Python.h comes first. */
#ifndef DLMS_SLOTS_H
#define DLMS_SLOTS_H

#include <structmember.h>

/* The offset of the slot that a member descriptor stands for, or -1: a writable member that holds an object, as
   `__slots__` make it. Offsets of a type that is made count from the start of the object, in every CPython since 3.11. */
static Py_ssize_t dlms_slot_offset(PyObject *descriptor) {
    PyMemberDef *member;
    if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type)) return -1;
    member = ((PyMemberDescrObject *)descriptor)->d_member;
    return member->type == T_OBJECT_EX && member->flags == 0 ? member->offset : -1;
}

static inline PyObject *dlms_slot(PyObject *object, Py_ssize_t offset) {
    return *(PyObject **)((char *)object + offset);
}

static inline void dlms_set_slot(PyObject *object, Py_ssize_t offset, PyObject *value) {
    *(PyObject **)((char *)object + offset) = value;
}

#endif

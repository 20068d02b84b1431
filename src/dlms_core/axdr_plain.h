/* A-XDR Data to plain Python objects, straight through the C API: most of the time goes to the allocator.

   Every function returns a new reference, or NULL with a fault in the cursor; DLMS_PYTHON means that an exception is
   set as well, any other fault that none is. */
#ifndef DLMS_AXDR_PLAIN_H
#define DLMS_AXDR_PLAIN_H

#include <Python.h>

#include "axdr.h"

/* The objects that Python code defines. */
typedef struct axdr_makers {
    PyObject *dont_care;
    PyObject *(*clock)(uint8_t tag, const uint8_t *octets); /* date-time, date, time */
} axdr_makers;

static inline PyObject *axdr_made(dlms_cursor *c, PyObject *value) {
    if (value == NULL) dlms_fail(c, DLMS_PYTHON, c->at, 0, 0);
    return value;
}

/* An instance of the class `kind`, made without arguments and without __init__. */
static inline PyObject *axdr_new(PyObject *kind, PyObject *no_arguments) {
    return ((PyTypeObject *)kind)->tp_new((PyTypeObject *)kind, no_arguments, NULL);
}

/* Text of a visible-string or utf8-string. Meters put any octets there, so this never refuses: invalid UTF-8 in a
   visible-string is read as Latin-1, in a utf8-string with surrogate escapes. */
static PyObject *axdr_text(uint8_t tag, const uint8_t *octets, size_t count) {
    const char *characters = (const char *)octets;
    if (tag == AXDR_UTF8_STRING) return PyUnicode_DecodeUTF8(characters, (Py_ssize_t)count, "surrogateescape");
    PyObject *text = PyUnicode_DecodeUTF8(characters, (Py_ssize_t)count, NULL);
    if (text != NULL || !PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) return text;
    PyErr_Clear();
    return PyUnicode_DecodeLatin1(characters, (Py_ssize_t)count, NULL);
}

/* A bit-string as "0" and "1", first bit first. */
static PyObject *axdr_bit_text(const uint8_t *octets, size_t bits) {
    PyObject *text = PyUnicode_New((Py_ssize_t)bits, 127);
    if (text == NULL || bits == 0) return text;
    Py_UCS1 *characters = PyUnicode_1BYTE_DATA(text);
    for (size_t i = 0; i < bits; i++) characters[i] = (Py_UCS1)('0' + (octets[i / 8] >> (7 - i % 8) & 1));
    return text;
}

/* The content of any tag that is neither a sequence nor a compact-array. */
static inline PyObject *axdr_plain_leaf(dlms_cursor *c, uint8_t tag, const uint8_t *where, const axdr_makers *m) {
    const uint8_t *p;
    size_t count = 0;
    int width = axdr_width(tag);
    if (width >= 0) {
        if (!dlms_octets(c, (size_t)width, &p)) return NULL;
    } else if (width == AXDR_OCTETS) {
        if (!axdr_octets(c, &p, &count)) return NULL;
    } else if (width == AXDR_BITS) {
        if (!axdr_bits(c, &p, &count)) return NULL;
    } else {
        dlms_fail(c, DLMS_TAG, where, -1, tag);
        return NULL;
    }
    switch (tag) {
    case AXDR_NULL_DATA:
        return Py_NewRef(Py_None);
    case AXDR_BOOLEAN:
        return PyBool_FromLong(*p);
    case AXDR_BIT_STRING:
        return axdr_made(c, axdr_bit_text(p, count));
    case AXDR_DOUBLE_LONG:
    case AXDR_DELTA_DOUBLE_LONG:
        return axdr_made(c, PyLong_FromLong((int32_t)dlms_be32(p)));
    case AXDR_DOUBLE_LONG_UNSIGNED:
    case AXDR_DELTA_DOUBLE_LONG_UNSIGNED:
        return axdr_made(c, PyLong_FromUnsignedLong(dlms_be32(p)));
    case AXDR_OCTET_STRING:
        return axdr_made(c, PyBytes_FromStringAndSize((const char *)p, (Py_ssize_t)count));
    case AXDR_VISIBLE_STRING:
    case AXDR_UTF8_STRING:
        return axdr_made(c, axdr_text(tag, p, count));
    case AXDR_INTEGER:
    case AXDR_DELTA_INTEGER:
        return axdr_made(c, PyLong_FromLong((int8_t)*p));
    case AXDR_LONG:
    case AXDR_DELTA_LONG:
        return axdr_made(c, PyLong_FromLong((int16_t)dlms_be16(p)));
    case AXDR_BCD:
    case AXDR_UNSIGNED:
    case AXDR_ENUM:
    case AXDR_DELTA_UNSIGNED:
        return axdr_made(c, PyLong_FromLong(*p));
    case AXDR_LONG_UNSIGNED:
    case AXDR_DELTA_LONG_UNSIGNED:
        return axdr_made(c, PyLong_FromLong(dlms_be16(p)));
    case AXDR_LONG64:
        return axdr_made(c, PyLong_FromLongLong((int64_t)dlms_be64(p)));
    case AXDR_LONG64_UNSIGNED:
        return axdr_made(c, PyLong_FromUnsignedLongLong(dlms_be64(p)));
    case AXDR_FLOAT32: {
        uint32_t bits = dlms_be32(p);
        float value;
        memcpy(&value, &bits, 4);
        return axdr_made(c, PyFloat_FromDouble(value));
    }
    case AXDR_FLOAT64: {
        uint64_t bits = dlms_be64(p);
        double value;
        memcpy(&value, &bits, 8);
        return axdr_made(c, PyFloat_FromDouble(value));
    }
    case AXDR_DONT_CARE:
        return Py_NewRef(m->dont_care);
    default:
        return axdr_made(c, m->clock(tag, p));
    }
}

/* One element of a compact-array. */
static PyObject *axdr_plain_described(dlms_cursor *c, const axdr_type *types, size_t at, const axdr_makers *m) {
    const axdr_type *type = types + at;
    if (axdr_width(type->tag) != AXDR_SEQUENCE) return axdr_plain_leaf(c, type->tag, c->at, m);
    int structure = type->tag == AXDR_STRUCTURE;
    PyObject *sequence = axdr_made(c, structure ? PyTuple_New(type->count) : PyList_New(type->count));
    size_t child = at + 1;
    for (uint32_t i = 0; sequence != NULL && i < type->count; i++) {
        PyObject *element = axdr_plain_described(c, types, child, m);
        if (element == NULL) Py_CLEAR(sequence);
        else if (structure) PyTuple_SET_ITEM(sequence, i, element);
        else PyList_SET_ITEM(sequence, i, element);
        if (structure) child = types[child].next;
    }
    return sequence;
}

/* A compact-array whose tag has been read, as the list of its elements. */
static PyObject *axdr_plain_compact(dlms_cursor *c, axdr_bounds *b, const axdr_makers *m) {
    axdr_description d;
    dlms_cursor contents;
    PyObject *rows = NULL;
    if (axdr_enter_compact(c, b, &d, &contents)) {
        rows = axdr_made(&contents, PyList_New(0));
        while (rows != NULL && contents.at < contents.end) {
            PyObject *row = NULL;
            if (axdr_enter_row(&contents, b, &d)) row = axdr_plain_described(&contents, d.types, 0, m);
            if (row != NULL && PyList_Append(rows, row) < 0) {
                dlms_fail(&contents, DLMS_PYTHON, contents.at, 0, 0);
                Py_CLEAR(row);
            }
            if (row == NULL) Py_CLEAR(rows);
            Py_XDECREF(row);
        }
        c->fault = contents.fault;
        b->depth++;
    }
    axdr_description_close(&d);
    return rows;
}

/* One value with its tag. */
static PyObject *axdr_plain(dlms_cursor *c, axdr_bounds *b, const axdr_makers *m) {
    const uint8_t *where = c->at;
    size_t count;
    uint8_t tag;
    if (!dlms_u8(c, &tag)) return NULL;
    if (tag == AXDR_STRUCTURE) {
        if (!axdr_enter(c, b, &count)) return NULL;
        PyObject *structure = axdr_made(c, PyTuple_New((Py_ssize_t)count));
        for (size_t i = 0; structure != NULL && i < count; i++) {
            b->owed--;
            PyObject *element = axdr_plain(c, b, m);
            if (element == NULL) Py_CLEAR(structure);
            else PyTuple_SET_ITEM(structure, (Py_ssize_t)i, element);
        }
        b->depth++;
        return structure;
    }
    if (tag == AXDR_ARRAY) {
        if (!axdr_enter(c, b, &count)) return NULL;
        PyObject *array = axdr_made(c, PyList_New((Py_ssize_t)count));
        for (size_t i = 0; array != NULL && i < count; i++) {
            b->owed--;
            PyObject *element = axdr_plain(c, b, m);
            if (element == NULL) Py_CLEAR(array);
            else PyList_SET_ITEM(array, (Py_ssize_t)i, element);
        }
        b->depth++;
        return array;
    }
    if (tag == AXDR_COMPACT_ARRAY) return axdr_plain_compact(c, b, m);
    return axdr_plain_leaf(c, tag, where, m);
}

#endif

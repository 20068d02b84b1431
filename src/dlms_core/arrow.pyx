"""Columns for Arrow consumers, through the Arrow C stream interface: no copy, and no need of pyarrow."""

import struct

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.errno cimport ENOMEM
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

cdef extern from "arrow.h" nogil:
    const int64_t DLMS_ARROW_NULLABLE
    const void** dlms_arrow_no_validity

    ctypedef struct dlms_arrow_schema:
        const char* format
        const char* name
        const char* metadata
        int64_t flags
        int64_t n_children
        dlms_arrow_schema** children
        void (*release)(dlms_arrow_schema*) noexcept nogil
        void* private_data

    ctypedef struct dlms_arrow_array:
        int64_t length
        int64_t null_count
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void** buffers
        dlms_arrow_array** children
        void (*release)(dlms_arrow_array*) noexcept nogil
        void* private_data

    ctypedef struct dlms_arrow_stream:
        int (*get_schema)(dlms_arrow_stream*, dlms_arrow_schema*) noexcept nogil
        int (*get_next)(dlms_arrow_stream*, dlms_arrow_array*) noexcept nogil
        const char* (*get_last_error)(dlms_arrow_stream*) noexcept nogil
        void (*release)(dlms_arrow_stream*) noexcept nogil
        void* private_data

cdef extern from "Python.h":
    int Py_IsInitialized() nogil

cdef extern from *:
    """
    enum { DLMS_ARROW_BUFFERS = 3 }; /* the most that a column has: validity, offsets, data */
    """
    enum:
        DLMS_ARROW_BUFFERS

# Bits a value takes, by the first letters of the format; formats of varying length are not here.
_WIDTHS = {
    "b": 1, "c": 8, "C": 8, "s": 16, "S": 16, "i": 32, "I": 32, "l": 64, "L": 64, "f": 32, "g": 64,
    "d": 128, "ts": 64, "tD": 64,
}


cdef bytes packed_metadata(metadata):
    """Keys and values as the C data interface has them: native int32 counts before each run of octets."""
    if not metadata:
        return None
    parts = [struct.pack("=i", len(metadata))]
    for key, value in metadata.items():
        for text in (key.encode(), value.encode()):
            parts += [struct.pack("=i", len(text)), text]
    return b"".join(parts)


cdef class Column:
    """One Arrow column over buffers that it shares, never copies."""

    cdef readonly str name
    cdef readonly Py_ssize_t rows
    cdef int64_t nulls
    cdef bytes name_text, format_text, metadata_text
    cdef Py_buffer views[DLMS_ARROW_BUFFERS]
    cdef int opened  # how many of `views` are held
    cdef const void* buffers[DLMS_ARROW_BUFFERS]
    cdef int count  # how many of `buffers` the format has; the first is the validity bitmap or NULL

    def __init__(
        self, str name, str layout, Py_ssize_t rows, buffers, *,
        validity=None, int64_t nulls=0, metadata=None,
    ):
        if self.count:
            raise TypeError("a Column is made once")
        if rows < 0 or not 0 <= nulls <= rows or (nulls and validity is None):
            raise ValueError("nulls need a validity bitmap, and cannot outnumber the rows")
        self.name, self.rows, self.nulls = name, rows, nulls
        self.name_text, self.format_text = name.encode(), layout.encode("ascii")
        self.metadata_text = packed_metadata(metadata)
        self.count = 1
        if validity is not None:
            self.open(validity, (rows + 7) // 8)
            self.buffers[0] = self.views[0].buf
        if layout in ("u", "z", "U", "Z"):
            self.open_varying(buffers, 4 if layout in ("u", "z") else 8)
        else:
            self.open_fixed(buffers, layout)

    def __dealloc__(self):
        cdef int i
        for i in range(self.opened):
            PyBuffer_Release(&self.views[i])

    cdef int open(self, source, Py_ssize_t least) except -1:
        PyObject_GetBuffer(source, &self.views[self.opened], PyBUF_SIMPLE)
        self.opened += 1
        if self.views[self.opened - 1].len < least:
            raise ValueError(f"column {self.name!r} needs a buffer of {least} octets")
        return 0

    cdef int open_fixed(self, buffers, str layout) except -1:
        cdef Py_ssize_t bits
        if layout.startswith("w:"):
            bits = 8 * int(layout[2:])
        else:
            bits = _WIDTHS[layout[:2] if layout[0] == "t" else layout[0]]
        data, = buffers
        self.open(data, (self.rows * bits + 7) // 8)
        self.buffers[1] = self.views[self.opened - 1].buf
        self.count = 2
        return 0

    cdef int open_varying(self, buffers, Py_ssize_t width) except -1:
        cdef int32_t narrow
        cdef int64_t last
        offsets, data = buffers
        self.open(offsets, (self.rows + 1) * width)
        self.buffers[1] = self.views[self.opened - 1].buf
        if width == 4:
            memcpy(&narrow, <const char*>self.buffers[1] + self.rows * 4, 4)
            last = narrow
        else:
            memcpy(&last, <const char*>self.buffers[1] + self.rows * 8, 8)
        self.open(data, last)
        self.buffers[2] = self.views[self.opened - 1].buf
        self.count = 3
        return 0


cdef class _Batch:
    """What a stream, its schema and its one record batch read from."""

    cdef list columns
    cdef int64_t rows
    cdef bytes metadata_text
    cdef bint given  # the record batch was handed out


cdef void** open_children(Py_ssize_t count, size_t size) noexcept nogil:
    """Pointers to `count` zeroed structures, in one block that is freed by its first address; or NULL."""
    cdef Py_ssize_t i
    cdef void** children = <void**>calloc(count, sizeof(void*) + size)
    if children != NULL:
        for i in range(count):
            children[i] = <char*>(children + count) + i * size
    return children


cdef void drop(void* owner) noexcept nogil:
    # A consumer may let go after the interpreter has ended: then there is nothing left to give back to.
    if owner != NULL and Py_IsInitialized():
        with gil:
            Py_DECREF(<object>owner)


cdef void release_schema(dlms_arrow_schema* schema) noexcept nogil:
    cdef int64_t i
    for i in range(schema.n_children):
        if schema.children[i].release != NULL:  # NULL: the consumer moved it out
            schema.children[i].release(schema.children[i])
    free(schema.children)
    schema.release = NULL
    drop(schema.private_data)


cdef void release_array(dlms_arrow_array* array) noexcept nogil:
    cdef int64_t i
    for i in range(array.n_children):
        if array.children[i].release != NULL:
            array.children[i].release(array.children[i])
    free(array.children)
    array.release = NULL
    drop(array.private_data)


cdef int get_schema(dlms_arrow_stream* stream, dlms_arrow_schema* out) noexcept nogil:
    with gil:
        return fill_schema(<_Batch>stream.private_data, out)


cdef int fill_schema(_Batch batch, dlms_arrow_schema* out) noexcept:
    cdef Py_ssize_t count = len(batch.columns), i
    cdef dlms_arrow_schema* child
    cdef Column column
    memset(out, 0, sizeof(dlms_arrow_schema))
    if count:
        out.children = <dlms_arrow_schema**>open_children(count, sizeof(dlms_arrow_schema))
        if out.children == NULL:
            return ENOMEM
    for i in range(count):
        column = <Column>batch.columns[i]
        child = out.children[i]
        child.format = column.format_text
        child.name = column.name_text
        if column.metadata_text is not None:
            child.metadata = column.metadata_text
        child.flags = DLMS_ARROW_NULLABLE
        child.release = release_schema
        Py_INCREF(column)
        child.private_data = <PyObject*>column
    out.format = "+s"
    out.name = ""
    if batch.metadata_text is not None:
        out.metadata = batch.metadata_text
    out.n_children = count
    out.release = release_schema
    Py_INCREF(batch)
    out.private_data = <PyObject*>batch
    return 0


cdef int get_next(dlms_arrow_stream* stream, dlms_arrow_array* out) noexcept nogil:
    with gil:
        return fill_array(<_Batch>stream.private_data, out)


cdef int fill_array(_Batch batch, dlms_arrow_array* out) noexcept:
    cdef Py_ssize_t count = len(batch.columns), i
    cdef dlms_arrow_array* child
    cdef Column column
    memset(out, 0, sizeof(dlms_arrow_array))  # a NULL release tells the end of the stream
    if batch.given:
        return 0
    if count:
        out.children = <dlms_arrow_array**>open_children(count, sizeof(dlms_arrow_array))
        if out.children == NULL:
            return ENOMEM
    for i in range(count):
        column = <Column>batch.columns[i]
        child = out.children[i]
        child.length = batch.rows
        child.null_count = column.nulls
        child.n_buffers = column.count
        child.buffers = column.buffers
        child.release = release_array
        Py_INCREF(column)
        child.private_data = <PyObject*>column
    out.length = batch.rows
    out.n_buffers = 1
    out.buffers = dlms_arrow_no_validity
    out.n_children = count
    out.release = release_array
    Py_INCREF(batch)
    out.private_data = <PyObject*>batch
    batch.given = True
    return 0


cdef const char* get_last_error(dlms_arrow_stream* stream) noexcept nogil:
    return "out of memory"  # the only way to fail


cdef void release_stream(dlms_arrow_stream* stream) noexcept nogil:
    stream.release = NULL
    drop(stream.private_data)


cdef void release_capsule(object capsule) noexcept:
    cdef dlms_arrow_stream* stream = <dlms_arrow_stream*>PyCapsule_GetPointer(capsule, "arrow_array_stream")
    if stream.release != NULL:
        stream.release(stream)
    free(stream)


def stream(columns, Py_ssize_t rows, metadata=None):
    """A PyCapsule "arrow_array_stream" of one record batch of `columns`, each of `rows` rows."""
    cdef _Batch batch = _Batch()
    cdef dlms_arrow_stream* out
    cdef Column column
    batch.columns = list(columns)
    batch.rows = rows
    batch.metadata_text = packed_metadata(metadata)
    for column in batch.columns:
        if column.rows != rows:
            raise ValueError(f"column {column.name!r} has {column.rows} rows, not {rows}")
    out = <dlms_arrow_stream*>malloc(sizeof(dlms_arrow_stream))
    if out == NULL:
        raise MemoryError
    out.get_schema = get_schema
    out.get_next = get_next
    out.get_last_error = get_last_error
    out.release = release_stream
    Py_INCREF(batch)
    out.private_data = <PyObject*>batch
    try:
        return PyCapsule_New(out, "arrow_array_stream", release_capsule)
    except BaseException:
        out.release(out)
        free(out)
        raise

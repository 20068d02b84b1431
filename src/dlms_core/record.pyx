"""Records: objects of slots that are filled from C when they are made.

A frozen dataclass fills its fields through object.__setattr__, one call for each, which takes longer than encoding the
message that it is. A class below Record says once which slots there are (`Fields`) and needs no `__init__` of its own.
"""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_SIZE

cdef extern from "slots.h":
    Py_ssize_t dlms_slot_offset(object)
    PyObject* dlms_slot(PyObject*, Py_ssize_t)
    void dlms_set_slot(PyObject*, Py_ssize_t, PyObject*)

cdef extern from "Python.h":
    PyObject* PyTuple_GET_ITEM(tuple, Py_ssize_t)

REQUIRED = object()


@cython.final
cdef class Fields:
    """The slots of a record, in the order of its arguments.

    `fields` are (name, member descriptor, default or REQUIRED); the first `positional` of them (all, unless given) may
    be given by position. `fixed` are (member descriptor, value) of slots that are no arguments.
    """

    cdef tuple names
    cdef tuple defaults
    cdef tuple values
    cdef Py_ssize_t positional
    cdef Py_ssize_t* offsets  # of the fields, then of the fixed slots
    cdef tuple kept

    def __cinit__(self, fields, fixed=(), positional=None):
        cdef list descriptors = [descriptor for _, descriptor, _ in fields]
        cdef Py_ssize_t at
        descriptors += [descriptor for descriptor, _ in fixed]
        self.names = tuple(name for name, _, _ in fields)
        self.defaults = tuple(default for _, _, default in fields)
        self.values = tuple(value for _, value in fixed)
        self.positional = len(self.names) if positional is None else positional
        self.kept = tuple(descriptors)
        self.offsets = <Py_ssize_t*>PyMem_Malloc((len(descriptors) + 1) * sizeof(Py_ssize_t))
        if self.offsets == NULL:
            raise MemoryError
        for at, descriptor in enumerate(descriptors):
            self.offsets[at] = dlms_slot_offset(descriptor)
            if self.offsets[at] < 0:
                raise TypeError(f"{descriptor!r} is not a slot")

    def __init__(self, fields, fixed=(), positional=None):
        pass

    def __dealloc__(self):
        PyMem_Free(self.offsets)

    cdef tuple arranged(self, str of, tuple given, dict named):
        """The arguments in order, whether they were given by position, by name or not at all; TypeError."""
        cdef list values = list(given)
        cdef Py_ssize_t at
        if len(given) > self.positional:
            raise TypeError(f"{of} takes {self.positional} arguments by position, and {len(given)} were given")
        for at in range(len(given), len(self.names)):
            values.append(named.pop(self.names[at], self.defaults[at]))
        for name in named:
            raise TypeError(f"{of} got {name!r} twice" if name in self.names else f"{of} has no argument {name!r}")
        return tuple(values)


cdef inline void fill(PyObject* record, Py_ssize_t offset, PyObject* value):
    cdef PyObject* before = dlms_slot(record, offset)
    Py_INCREF(<object>value)
    dlms_set_slot(record, offset, value)
    Py_XDECREF(before)


@cython.auto_pickle(False)
cdef class Record:
    """What is filled as the `__fields__` of its class say: by position, by name, else with the defaults."""

    def __init__(self, *given, **named):
        cdef Fields fields = <Fields?>(<object>type(self)).__fields__
        cdef Py_ssize_t at, count = PyTuple_GET_SIZE(fields.names), positional = PyTuple_GET_SIZE(given)
        cdef PyObject* value
        cdef PyObject* required = <PyObject*>REQUIRED
        if named or positional > fields.positional:
            given = fields.arranged(type(self).__name__, given, named)
            positional = count
        for at in range(count):
            value = PyTuple_GET_ITEM(given if at < positional else fields.defaults, at)
            if value == required:
                raise TypeError(f"{type(self).__name__} needs an argument {fields.names[at]!r}")
            fill(<PyObject*>self, fields.offsets[at], value)
        for at in range(PyTuple_GET_SIZE(fields.values)):
            fill(<PyObject*>self, fields.offsets[count + at], PyTuple_GET_ITEM(fields.values, at))

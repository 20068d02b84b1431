# The kinds of Data that hold others: array, structure, compact-array.


@cython.no_gc  # immutable values of immutable values: no cycles
cdef class Elements(Data):
    """array and structure: `elements` is a tuple of Data, `value` the same in plain Python."""

    __match_args__ = ("elements",)

    def __init__(self, elements):
        cdef uint64_t deepest = 0
        cdef Py_ssize_t i
        cdef tuple taken
        try:
            taken = tuple(elements)
        except TypeError:
            raise EncodeError(f"{tag_words(self.tag)} holds values of dlms.data, not {elements!r:.80}") from None
        if self.elements is not None:
            raise TypeError(f"{type(self).__name__} is immutable")  # it could be made to hold itself
        for i in range(len(taken)):
            element = taken[i]
            if not isinstance(element, Data):
                raise EncodeError(f"expected a value of dlms.data, got {element!r}", path=f"[{i}]")
            if isinstance(element, (Elements, CompactArray)):
                deepest = max(deepest, (<Data>element).bits)
        # So that walking a value, to hash, print or free it, stays within the stack.
        if deepest >= AXDR_DEEPEST:
            raise EncodeError(f"nested deeper than {AXDR_DEEPEST}")
        self.elements = taken
        self.bits = deepest + 1

    def __len__(self):
        return len(self.elements)

    def __iter__(self):
        return iter(self.elements)

    def __getitem__(self, index):
        return self.elements[index]

    def __eq__(self, other):
        if not isinstance(other, Elements):
            return False
        return self.code == (<Elements>other).code and self.elements == (<Elements>other).elements

    def __hash__(self):
        return hash((self.code, self.elements))

    def __repr__(self):
        return f"{type(self).__name__}({list(self.elements)!r})"


@cython.final
@cython.no_gc
@cython.collection_type("sequence")
cdef class Array(Elements):
    """array [1]: its plain value is a list."""

    tag = AXDR_ARRAY

    def __cinit__(self):
        self.code = AXDR_ARRAY

    @property
    def value(self):
        return [(<Data>element).value for element in self.elements]


@cython.final
@cython.no_gc
@cython.collection_type("sequence")
cdef class Structure(Elements):
    """structure [2]: its plain value is a tuple."""

    tag = AXDR_STRUCTURE

    def __cinit__(self):
        self.code = AXDR_STRUCTURE

    @property
    def value(self):
        return tuple([(<Data>element).value for element in self.elements])


@cython.final
cdef class CompactArray(Data):
    """compact-array [19]: one type description, then the elements without tags.

    `type_description` is a class of dlms.data for a scalar, a tuple of them for a structure, and a list [count, type]
    for an array of that many elements. `value` is the list of the elements in plain Python, decoded whenever it is
    asked for; len() counts them.
    """

    tag = AXDR_COMPACT_ARRAY
    __match_args__ = ("type_description", "value")

    def __cinit__(self):
        self.code = AXDR_COMPACT_ARRAY

    def __init__(self, type_description, elements):
        cdef dlms_sink sink
        cdef Py_ssize_t i = -1
        elements = list(elements)
        dlms_sink_open(&sink)
        try:
            write_type(&sink, type_description, AXDR_DEEPEST - 1)
            self.description = PyBytes_FromStringAndSize(<const char*>sink.octets, sink.used)
            sink.used = 0
            for i in range(len(elements)):
                write_described(&sink, type_description, elements[i])
            self.contents = PyBytes_FromStringAndSize(<const char*>sink.octets, sink.used)
        except EncodeError as error:
            raise EncodeError(error.reason, path=error.path if i < 0 else f"[{i}]{error.path}") from None
        finally:
            dlms_sink_close(&sink)
        if elements and not self.contents:
            raise EncodeError("elements without content cannot be counted in a compact-array")
        self.count = len(elements)
        self.bits = depth_of_type(type_description) + 1

    @property
    def type_description(self):
        cdef dlms_cursor cursor
        cdef axdr_bounds bounds
        cdef axdr_description description
        cdef size_t at = 0
        dlms_cursor_open(&cursor, octets_of(self.description), len(self.description))
        validated_bounds(&bounds)
        try:
            axdr_describe(&cursor, &bounds, &description)
            return described_type(description.types, &at)
        finally:
            axdr_description_close(&description)

    @property
    def value(self):
        cdef dlms_cursor cursor
        cdef axdr_bounds bounds
        cdef bytes octets = dumps(self)
        dlms_cursor_open(&cursor, octets_of(octets), len(octets))
        validated_bounds(&bounds)
        return read_within(&cursor, False, &bounds)

    def __len__(self):
        return self.count

    def __iter__(self):
        return iter(self.value)

    def __eq__(self, other):
        if not isinstance(other, CompactArray):
            return False
        return (
            self.description == (<CompactArray>other).description
            and self.contents == (<CompactArray>other).contents
        )

    def __hash__(self):
        return hash((self.description, self.contents))

    def __repr__(self):
        return f"CompactArray({type_words(self.type_description)}, {self.value!r})"


cdef void validated_bounds(axdr_bounds* bounds) noexcept:
    """For octets that were within their bounds before."""
    axdr_bounds_open(bounds, 0)
    bounds.values = PY_SSIZE_T_MAX
    bounds.depth = bounds.deepest = AXDR_DEEPEST


cdef object described_type(const axdr_type* types, size_t* at):
    cdef const axdr_type* node = types + at[0]
    at[0] += 1
    if node.tag == AXDR_ARRAY:
        return [node.count, described_type(types, at)]
    if node.tag == AXDR_STRUCTURE:
        return tuple([described_type(types, at) for _ in range(node.count)])
    return kind_of(node.tag)


cdef str type_words(object shape):
    if isinstance(shape, tuple):
        return f"({', '.join([type_words(each) for each in shape])}{',' if len(shape) == 1 else ''})"
    return f"[{shape[0]}, {type_words(shape[1])}]" if isinstance(shape, list) else shape.__name__


cdef uint64_t depth_of_type(object shape):
    if isinstance(shape, tuple):
        return 1 + max([depth_of_type(each) for each in shape], default=0)
    return 1 + depth_of_type(shape[1]) if isinstance(shape, list) else 0


cdef bint is_array_type(object shape):
    return isinstance(shape, list) and len(shape) == 2 and isinstance(shape[0], int) and 0 <= shape[0] <= 0xFFFF


cdef bint is_leaf_type(object shape):
    return isinstance(shape, type) and issubclass(shape, Data) and axdr_width(
        getattr(shape, "tag", AXDR_ARRAY)
    ) not in (AXDR_SEQUENCE, AXDR_COMPACT)


cdef int write_type(dlms_sink* sink, object shape, int depth) except -1:
    """The type description of `shape`, as CompactArray takes it."""
    if depth < 0:
        raise EncodeError(f"nested deeper than {AXDR_DEEPEST}")
    if isinstance(shape, tuple):
        put(dlms_sink_u8(sink, AXDR_STRUCTURE) and dlms_sink_length(sink, len(shape)))
        for each in shape:
            write_type(sink, each, depth - 1)
    elif is_array_type(shape):
        put(dlms_sink_u8(sink, AXDR_ARRAY) and dlms_sink_u16(sink, shape[0]))
        write_type(sink, shape[1], depth - 1)
    elif is_leaf_type(shape):
        put(dlms_sink_u8(sink, shape.tag))
    else:
        words = "expected a class of dlms.data, a tuple of types or [count, type] as a type of compact-array"
        raise EncodeError(f"{words}, got {shape!r}")
    return 0


cdef int write_described(dlms_sink* sink, object shape, object value) except -1:
    """One plain value without tags, laid out as `shape` says."""
    cdef Py_ssize_t i, count
    if isinstance(shape, (tuple, list)):
        count = shape[0] if isinstance(shape, list) else len(shape)
        if not isinstance(value, (tuple, list)) or len(value) != count:
            raise EncodeError(f"expected {count} elements, got {shown(value)}")
        for i in range(count):
            try:
                write_described(sink, shape[1] if isinstance(shape, list) else shape[i], value[i])
            except EncodeError as error:
                raise EncodeError(error.reason, path=f"[{i}]{error.path}") from None
    elif shape.tag in (AXDR_NULL_DATA, AXDR_DONT_CARE):
        if value != shape().value:
            raise EncodeError(f"expected {shape().value!r}, got {shown(value)}")
    else:
        write_leaf(sink, shape(value))
    return 0

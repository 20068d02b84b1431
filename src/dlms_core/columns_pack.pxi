# Part of columns.pyx: columns written as rows, for those who send profiles.


@cython.internal
cdef class RowForm:
    """What all rows of a plan have in common, and where the values stand in it."""

    cdef dlms_sink octets
    cdef dlms_place* places
    cdef dlms_pack_day* days
    cdef uint8_t* run_form  # room for the packer
    cdef size_t* run_contents
    cdef bint has_objects

    def __cinit__(self, Plan plan):
        cdef size_t k
        dlms_sink_open(&self.octets)
        self.places = <dlms_place*>calloc(plan.count + 1, sizeof(dlms_place))
        self.days = <dlms_pack_day*>calloc(plan.count + 1, sizeof(dlms_pack_day))
        self.run_contents = <size_t*>calloc(plan.count + 1, sizeof(size_t))
        if self.places == NULL or self.days == NULL or self.run_contents == NULL:
            raise MemoryError
        self.add(plan, 0)
        self.run_form = <uint8_t*>malloc(self.octets.used + 1)
        if self.run_form == NULL:
            raise MemoryError

    def __dealloc__(self):
        dlms_sink_close(&self.octets)
        free(self.places)
        free(self.days)
        free(self.run_form)
        free(self.run_contents)

    cdef int add(self, Plan plan, int32_t index) except -1:
        cdef const dlms_node* node = &plan.layout.nodes[index]
        cdef int32_t child = node.child
        cdef size_t members = 0
        if node.column >= 0:
            if child >= 0:
                raise EncodeError("both a value and a nest", path=f"[{node.column}]")
            return self.add_cell(plan, node.column, node.tag)
        if not plan.layout.compact:
            while child >= 0:
                members += 1
                child = plan.layout.nodes[child].sibling
            self.put(node.nest)
            if not dlms_sink_length(&self.octets, members):
                raise MemoryError
        child = node.child
        while child >= 0:
            self.add(plan, child)
            child = plan.layout.nodes[child].sibling
        return 0

    cdef int add_cell(self, Plan plan, size_t k, uint8_t tag) except -1:
        cdef const dlms_column* column = &plan.prototypes[k]
        cdef int width
        self.places[k].start = self.places[k].content = self.places[k].end = self.octets.used
        if column.store == STORE_OBJECT:
            if plan.columns[k].tag is None:
                raise EncodeError("values of several types", path=f"[{k}]")
            self.has_objects = True
            return 0
        if plan.layout.compact and DLMS_TAG_FACTS[tag].kind == CELL_DELTA:
            raise EncodeError("deltas without a value", path=f"[{k}]")
        if column.store == STORE_NONE:
            return self.add_null(plan, k)
        if column.is_mixed:
            raise EncodeError("values of several types", path=f"[{k}]")
        if not plan.layout.compact:
            self.put(tag)
        width = 12 if column.store == STORE_DATE_TIME else DLMS_TAG_FACTS[tag].width
        if tag == 9:
            self.put(width)
        self.places[k].content = self.octets.used
        for _ in range(width):
            self.put(0)
        self.places[k].end = self.octets.used
        return 0

    cdef int add_null(self, Plan plan, size_t k) except -1:
        """A column that never had a value: null-data, part of what rows have in common."""
        if not plan.layout.compact:
            self.put(0)
        self.places[k].start = self.places[k].content = self.places[k].end = self.octets.used
        return 0

    cdef int put(self, uint8_t octet) except -1:
        if not dlms_sink_u8(&self.octets, octet):
            raise MemoryError
        return 0


cdef str cell_path(Plan plan, size_t row, size_t k):
    return f"[{row}]" + "".join([f"[{position}]" for position in plan.columns[k].path])


cdef int raise_unpackable(const dlms_packer* packer, Plan plan) except -1:
    cdef str words = cell_path(plan, packer.row, packer.column)
    if dlms_pack_is_null(&packer.columns[packer.column], packer.row):
        raise EncodeError("a compact-array has no place for null-data", path=words)
    raise EncodeError(f"no {plan.columns[packer.column].kind} can hold this value", path=words)


cdef bytes array_head(size_t rows):
    """Tag and count of an array."""
    cdef uint8_t[6] octets
    cdef size_t width = dlms_length_width(rows)
    octets[0] = 1
    dlms_put_length(octets + 1, rows, width)
    return PyBytes_FromStringAndSize(<const char*>octets, 1 + width)


cdef bytes buffer_head(Plan plan, size_t rows, size_t octets):
    """What comes before the rows: tag and count, or of a compact-array its description and its length."""
    cdef dlms_sink head
    dlms_sink_open(&head)
    try:
        if plan.layout.compact:
            dlms_sink_u8(&head, 19)
            dlms_sink_octets(
                &head, <const uint8_t*>PyBytes_AS_STRING(plan.description), PyBytes_GET_SIZE(plan.description)
            )
            dlms_sink_length(&head, octets)
        else:
            return array_head(rows)
        return PyBytes_FromStringAndSize(<const char*>head.octets, head.used)
    finally:
        dlms_sink_close(&head)


cdef bytes packed_rows(Plan plan, Columns columns, RowForm form, dlms_packer* packer):
    """Rows of fixed width, but for null-data."""
    cdef size_t rows = columns.filled
    cdef bytes head = buffer_head(plan, rows, rows * packer.stride)
    cdef size_t room = PyBytes_GET_SIZE(head) + rows * packer.stride
    cdef bytes octets = PyBytes_FromStringAndSize(NULL, room)
    cdef uint8_t* start = <uint8_t*>PyBytes_AS_STRING(octets)
    cdef uint8_t* end
    memcpy(start, PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head))
    end = start + PyBytes_GET_SIZE(head)
    with nogil:
        end = dlms_pack_rows(packer, rows, form.days, end)
    if end == NULL:
        raise_unpackable(packer, plan)
    return octets if end == start + room else octets[: end - start]


cdef bytes packed_objects(Plan plan, Columns columns, RowForm form, dlms_packer* packer):
    """The same with columns of objects among them."""
    cdef dlms_sink sink
    cdef uint8_t* end
    cdef size_t row, k, before
    dlms_sink_open(&sink)
    try:
        for row in range(<size_t>columns.filled):
            before = 0
            for k in range(plan.count):
                if not dlms_sink_need(&sink, packer.stride + 16):
                    raise MemoryError
                if columns.columns[k].store != STORE_OBJECT:
                    end = dlms_pack_cell(packer, k, row, &form.days[k], sink.octets + sink.used)
                    if end == NULL:
                        raise_unpackable(packer, plan)
                    sink.used = end - sink.octets
                else:
                    dlms_sink_octets(&sink, packer.form + before, form.places[k].start - before)
                    put_object(&sink, plan, columns, row, k)
                before = form.places[k].end
        head = buffer_head(plan, columns.filled, sink.used)
        return head + PyBytes_FromStringAndSize(<const char*>sink.octets, sink.used)
    finally:
        dlms_sink_close(&sink)


cdef int put_object(dlms_sink* sink, Plan plan, Columns columns, size_t row, size_t k) except -1:
    cdef object value = columns.values[k][row]
    cdef object kind = OBJECT_TYPES.get(plan.columns[k].tag)
    if dlms_pack_is_null(&columns.columns[k], row) or value is None:
        if plan.layout.compact:
            raise EncodeError("a compact-array has no place for null-data", path=cell_path(plan, row, k))
        if not dlms_sink_u8(sink, 0):
            raise MemoryError
        return 0
    if kind is None:
        raise EncodeError(f"a {plan.columns[k].kind} within a row", path=cell_path(plan, row, k))
    try:
        typed = kind(value)
    except EncodeError as error:
        raise EncodeError(error.reason, path=cell_path(plan, row, k)) from None
    return write_leaf(sink, typed) if plan.layout.compact else write_data(sink, typed)


cdef bytes pack_columns(Plan plan, Columns columns, object deviation, object status):
    cdef RowForm form = RowForm(plan)
    cdef dlms_packer packer
    memset(&packer, 0, sizeof(packer))
    packer.columns = columns.columns
    packer.places = form.places
    packer.count = plan.count
    packer.form = form.octets.octets
    packer.stride = form.octets.used
    packer.run_form = form.run_form
    packer.run_contents = form.run_contents
    packer.rule = plan.rule
    packer.compact = plan.layout.compact
    packer.deviation = DLMS_NO_DEVIATION
    # CosemDateTime checks the range of both.
    if deviation is not None:
        packer.deviation = CosemDateTime(deviation=deviation).deviation
    packer.status = CosemDateTime(status=status).octets[11]
    if form.has_objects:
        return packed_objects(plan, columns, form, &packer)
    return packed_rows(plan, columns, form, &packer)

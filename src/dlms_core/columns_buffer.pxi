# Part of columns.pyx: the octets of a caller, opened as a buffer of rows, and what to say when they do not fit.

# Held while they are read.
cdef struct held_octets:
    Py_buffer view
    bint is_view
    const uint8_t* at
    size_t size


cdef int hold(object octets, held_octets* held) except -1:
    held.is_view = not PyBytes_CheckExact(octets)
    if held.is_view:
        PyObject_GetBuffer(octets, &held.view, PyBUF_SIMPLE)
        held.at = <const uint8_t*>held.view.buf
        held.size = held.view.len
    else:
        held.at = <const uint8_t*>PyBytes_AS_STRING(octets)
        held.size = PyBytes_GET_SIZE(octets)
    return 0


cdef int release(held_octets* held) except -1:
    if held.is_view:
        PyBuffer_Release(&held.view)
    return 0


cdef str words_of(const uint32_t* at, int depth):
    return "".join([f"[{at[k]}]" for k in range(depth)])


cdef int raise_in_row(dlms_cursor* c, size_t row, const dlms_path* path) except -1:
    if c.fault.code == DLMS_PYTHON:
        raise MemoryError
    raise_fault(&c.fault, "axdr", f"[{row}]{words_of(path.at, path.depth)}")
    return 0


cdef int open_compact(dlms_buffer* buffer) except -1:
    """A compact-array whose tag is read. Where elements have no fixed width all of them are read past to be counted."""
    cdef axdr_bounds bounds
    cdef axdr_description description
    cdef axdr_path path
    cdef dlms_cursor contents, counting
    buffer.description = buffer.c.at
    axdr_bounds_open(&bounds, dlms_left(&buffer.c))
    path.used = 0
    try:
        if not axdr_enter_compact(&buffer.c, &bounds, &description, &contents):
            raise_fault(&buffer.c.fault, "axdr")
        buffer.description_octets = description.end - buffer.description
        counting = contents
        if description.fixed:
            # An element that is not whole is left to the walk, which says where it ends.
            if description.width:
                buffer.rows = (dlms_left(&contents) + description.width - 1) // description.width
        else:
            buffer.rows = dlms_count_described(&contents, description.types)
        if buffer.rows == 0 and not axdr_skip_rows(&counting, &bounds, &description, &path, &buffer.rows):
            raise_fault(&counting.fault, "axdr", "".join([f"[{path.index[k]}]" for k in range(path.used)]))
    finally:
        axdr_description_close(&description)
    if buffer.c.at != buffer.c.end:
        dlms_fail(&buffer.c, DLMS_TRAILING, buffer.c.at, 0, dlms_left(&buffer.c))
        raise_fault(&buffer.c.fault, "axdr")
    buffer.c = contents
    return 0


cdef int open_buffer(dlms_buffer* buffer, const uint8_t* octets, size_t size) except -1:
    """What the first octets say: an array and how many rows, or a compact-array."""
    cdef uint8_t tag = 0
    memset(buffer, 0, sizeof(dlms_buffer))
    buffer.octets = size
    dlms_cursor_open(&buffer.c, octets, size)
    if not dlms_u8(&buffer.c, &tag):
        raise_fault(&buffer.c.fault, "axdr")
    if tag == 19:
        buffer.compact = True
        return open_compact(buffer)
    if tag != 1:
        dlms_fail(&buffer.c, DLMS_TAG, octets, 1, tag)
        raise_fault(&buffer.c.fault, "axdr")
    if not dlms_length(&buffer.c, &buffer.rows):
        raise_fault(&buffer.c.fault, "axdr")
    if buffer.rows > dlms_left(&buffer.c):
        dlms_fail(&buffer.c, DLMS_COUNT, octets + 1, dlms_left(&buffer.c), buffer.rows)
        raise_fault(&buffer.c.fault, "axdr")
    return 0


cdef int run_rows(dlms_engine* engine, size_t octets) except -1:
    """As many rows as the engine can; the GIL is let go where there is much to do."""
    cdef int result
    if octets < GIL_OCTETS:
        result = dlms_engine_rows(engine)
    else:
        with nogil:
            result = dlms_engine_rows(engine)
    if result == ENGINE_MEMORY:
        raise MemoryError
    return result


cdef int run_engine(dlms_engine* engine, size_t octets) except -1:
    """All rows, after which there must be nothing more."""
    cdef int result = run_rows(engine, octets)
    if result == ENGINE_DONE and engine.c.at != engine.c.end:
        dlms_fail(&engine.c, DLMS_TRAILING, engine.c.at, 0, dlms_left(&engine.c))
        raise_fault(&engine.c.fault, "axdr")
    return result


cdef size_t offset_of(const dlms_buffer* buffer, size_t row, tuple path):
    """The octet at which the cell at `path` of row `row` begins (compact-array: the row); the rows were read once."""
    cdef dlms_cursor c = buffer.c
    cdef size_t members = 0
    cdef size_t k, position
    if buffer.compact:
        return dlms_offset(&c)
    for k in range(row):
        if not skip_data(&c):
            return dlms_offset(&c)
    for position in path:
        if dlms_left(&c) == 0 or c.at[0] > 2:
            break
        c.at += 1
        if not dlms_length(&c, &members) or position >= members:
            break
        for k in range(position):
            if not skip_data(&c):
                break
    return dlms_offset(&c)


cdef int raise_range(const dlms_buffer* buffer, size_t row, tuple path) except -1:
    raise DecodeError(
        "a sum of deltas beyond 64 bits",
        layer="axdr",
        offset=offset_of(buffer, row, path),
        path=f"[{row}]" + "".join([f"[{k}]" for k in path]),
    )


cdef int raise_unfit(const dlms_engine* engine, const dlms_buffer* buffer, Plan plan) except -1:
    """The DecodeError of a cell that the plan's column does not take, or of a row with another layout."""
    cdef size_t row = engine.row + engine.stop.cell
    cdef Column column = plan.columns[engine.column]
    cdef str words = f"[{row}]" + "".join([f"[{k}]" for k in column.path])
    cdef dlms_fault fault
    memset(&fault, 0, sizeof(fault))
    fault.offset = offset_of(buffer, row, column.path)
    if engine.why == RESOLVE_RANGE:
        raise_range(buffer, row, column.path)
    if engine.why == RESOLVE_WIDEN and engine.stop.tag == plan.prototypes[engine.column].tag:
        fault.code = DLMS_VALUE
        fault.found = <int64_t>engine.stop.low
    else:
        fault.code = DLMS_TAG
        fault.expected = plan.prototypes[engine.column].tag
        fault.found = engine.stop.tag
    return raise_fault(&fault, "axdr", words)


cdef int raise_layout(const dlms_engine* engine, const dlms_buffer* buffer) except -1:
    cdef tuple path = tuple([engine.path.at[k] for k in range(engine.path.depth)])
    raise DecodeError(
        "a value where the plan has none",
        layer="axdr",
        offset=offset_of(buffer, engine.row, path),
        path=f"[{engine.row}]{words_of(engine.path.at, engine.path.depth)}",
    )

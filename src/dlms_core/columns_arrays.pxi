# Part of columns.pyx: the arrays of a plan, filled by the engine, and the objects of columns that hold such.


cdef class Columns:
    """Arrays for `room` rows of a plan, of which the first `rows` are filled.

    `values` has one array for each column of the plan, `masks` one of uint8 flags (None if not wanted). With
    companions, `deviations` (int16, minutes, -32768: not specified) and `statuses` (uint8, 255: not specified) have
    an array for each column of date-times and None for the others. Arrays are `room` long and may be filled again and
    again; not by two threads at once.
    """

    def __init__(self):
        raise TypeError("columns come from Plan.empty or unpack")

    def __dealloc__(self):
        cdef size_t k
        if self.columns != NULL:
            for k in range(self.count):
                free(self.columns[k].cell_tags)
                free(self.columns[k].cell_raw)
        free(self.columns)
        free(self.objects_from)

    @property
    def rows(self):
        return self.filled

    @rows.setter
    def rows(self, rows):
        if not 0 <= rows <= self.room:
            raise ValueError(f"{rows} rows do not fit into {self.room}")
        self.filled = rows

    def time_basis(self, column):
        """Whether the date-times of a column that were unpacked last are "utc", "local" (they came without a
        deviation) or "mixed"; None where there were none."""
        if not 0 <= column < <Py_ssize_t>self.count:
            raise IndexError(column)
        return (None, "utc", "local", "mixed")[self.columns[<size_t>column].bases]

    cdef int make_room(self, size_t k) except -1:
        """Where the cells of a column of objects wait."""
        self.columns[k].cell_tags = <uint8_t*>malloc(self.room + 1)
        self.columns[k].cell_raw = <uint64_t*>malloc((self.room + 1) * sizeof(uint64_t))
        if self.columns[k].cell_tags == NULL or self.columns[k].cell_raw == NULL:
            raise MemoryError
        return 0

    cdef bint grow(self, size_t most) except -1:
        """Room for twice as many rows, `most` at the most; False where there is no more to be had."""
        cdef Py_ssize_t room = max(2 * self.room, 64)
        cdef dlms_column* column
        cdef size_t k
        if <size_t>room > most:
            room = most
        if room <= self.room:
            return False
        for k in range(self.count):  # one array after the other: all of them twice would be twice the memory
            column = &self.columns[k]
            if column.store == STORE_OBJECT or column.store == STORE_NONE:
                array = new_array(room, self.values[k].dtype)
                array[: self.room] = self.values[k][: self.room]
                self.values = (*self.values[:k], array, *self.values[k + 1:])
            else:
                column.values = <uint8_t*>lengthened(self.values[k], room)
            column.mask = <uint8_t*>lengthened(self.masks[k], room)
            if column.deviations != NULL:
                column.deviations = <int16_t*>lengthened(self.deviations[k], room)
                column.statuses = <uint8_t*>lengthened(self.statuses[k], room)
            if column.cell_tags != NULL:
                column.cell_tags = <uint8_t*>resized(column.cell_tags, room + 1)
                column.cell_raw = <uint64_t*>resized(column.cell_raw, (room + 1) * sizeof(uint64_t))
        self.room = room
        return True

    cdef int reset(self) except -1:
        cdef size_t k
        self.filled = 0
        for k in range(self.count):
            dlms_column_reset(&self.columns[k])
        return 0

    cdef int fill(self, dlms_buffer* buffer) except -1:
        """All rows, the columns staying what they are."""
        cdef dlms_engine engine
        cdef int result
        self.reset()
        dlms_engine_open(
            &engine, &self.plan.layout, self.columns, self.count, &self.plan.rule, True, self.plan.template
        )
        engine.c = buffer.c
        engine.rows = buffer.rows
        try:
            result = run_engine(&engine, buffer.octets)
            if result == ENGINE_BROKEN:
                raise_in_row(&engine.c, engine.row, &engine.path)
            if result == ENGINE_UNFIT:
                raise_layout(&engine, buffer)
            if result == ENGINE_STOP:
                raise_unfit(&engine, buffer, self.plan)
            self.make_objects(buffer)
        finally:
            dlms_engine_close(&engine)
        self.filled = buffer.rows
        return 0

    cdef bint fill_widening(self, dlms_buffer* buffer, bint whole) except -1:
        """All rows, the columns becoming wider where that is enough; False where the plan has to see all rows."""
        cdef dlms_engine engine
        cdef int result
        self.reset()
        dlms_engine_open(
            &engine, &self.plan.layout, self.columns, self.count, &self.plan.rule, False, self.plan.template
        )
        engine.c = buffer.c
        engine.rows = buffer.rows
        try:
            result = run_engine(&engine, buffer.octets)
            while result == ENGINE_STOP and engine.why == RESOLVE_WIDEN:
                self.widen(&engine)
                result = run_engine(&engine, buffer.octets)
            if result == ENGINE_BROKEN:
                raise_in_row(&engine.c, engine.row, &engine.path)
            if result == ENGINE_STOP and (whole or engine.why == RESOLVE_RANGE):
                raise_unfit(&engine, buffer, self.plan)
            if result == ENGINE_UNFIT and whole:
                raise_layout(&engine, buffer)
            if result != ENGINE_DONE:
                return False
            self.make_objects(buffer)
        finally:
            dlms_engine_close(&engine)
        self.filled = buffer.rows
        return True

    cdef int widen(self, dlms_engine* engine) except -1:
        cdef size_t k = engine.column
        cdef dlms_column* column = &self.columns[k]
        cdef double last
        column.is_mixed = True
        if column.store == STORE_F32:
            last = bits_to_float(<uint32_t>column.last.low)
            memcpy(&column.last.low, &last, 8)
            return self.put_values(k, self.values[k].astype(DTYPES[STORE_F64]), STORE_F64)
        return self.widen_integers(k, engine.row, engine.stop.low, engine.stop.high)

    cdef int widen_integers(self, size_t k, size_t rows, uint64_t low, int64_t high) except -1:
        """The smallest store that is exact for the rows done and for low:high."""
        cdef dlms_column* column = &self.columns[k]
        cdef int store = STORE_I64
        done = self.values[k][:rows]
        column.met_negative |= high < 0 or bool((done < 0).any())
        column.met_big |= (high == 0 and low >> 63 != 0) or bool((done > 2**63 - 1).any())
        if column.met_big:
            store = STORE_U64
        if column.met_big and column.met_negative:
            store = STORE_INTEGER_F64
            column.met_inexact |= not (dlms_is_exact(low, high) and are_exact(done))
        if column.met_inexact:
            return self.become_objects(k, rows)
        return self.put_values(k, self.values[k].astype(DTYPES[store]), store)

    cdef int become_objects(self, size_t k, size_t rows) except -1:
        """The integers done so far, of which no store is exact for all, as Python's; the others follow at the end."""
        cdef object array = new_array(self.room, DTYPES[STORE_OBJECT])
        cdef const uint8_t* mask = self.columns[k].mask
        cdef size_t row
        for row in range(rows):
            if mask[row] == MASK_NULL or mask[row] == MASK_OTHER_TYPE:
                continue
            array[row] = int(self.values[k][row])
        self.make_room(k)
        self.objects_from[k] = rows
        return self.put_values(k, array, STORE_OBJECT)

    cdef int put_values(self, size_t k, object array, int store) except -1:
        self.values = (*self.values[:k], array, *self.values[k + 1:])
        self.columns[k].values = <uint8_t*>array_data(array)
        self.columns[k].store = store
        return 0

    cdef int make_objects(self, const dlms_buffer* buffer) except -1:
        cdef size_t k
        for k in range(self.count):
            if self.columns[k].store == STORE_OBJECT:
                objects_of_cells(&self.columns[k], buffer, self.objects_from[k], self.values[k], self.plan.columns[k])
            elif self.columns[k].store == STORE_NONE:
                self.values[k].fill(None)
        return 0

    cdef int settle(self, bint masks) except -1:
        """The plan of what the columns have become."""
        cdef size_t k
        cdef bint changed = False
        for k in range(self.count):
            changed |= self.columns[k].store != self.plan.prototypes[k].store
            self.objects_from[k] = 0
        if changed:
            self.plan = self.plan.of_stores(self.columns)
        if not masks:
            for k in range(self.count):
                self.columns[k].mask = NULL
            self.masks = None
        return 0


cdef Columns new_columns(Plan plan, Py_ssize_t rows, bint masks, bint companions):
    cdef Columns made = Columns.__new__(Columns)
    cdef list values = [], mask_arrays = [], deviations = [], statuses = []
    cdef dlms_column* column
    cdef size_t k
    if rows < 0:
        raise ValueError(f"{rows} rows")
    made.plan = plan
    made.room = rows
    made.columns = <dlms_column*>calloc(plan.count + 1, sizeof(dlms_column))
    made.objects_from = <size_t*>calloc(plan.count + 1, sizeof(size_t))
    if made.columns == NULL or made.objects_from == NULL:
        raise MemoryError
    memcpy(made.columns, plan.prototypes, plan.count * sizeof(dlms_column))
    made.count = plan.count
    for k in range(plan.count):
        column = &made.columns[k]
        values.append(new_array(rows, DTYPES[column.store]))
        if column.store == STORE_OBJECT:
            made.make_room(k)
        elif column.store != STORE_NONE:
            column.values = <uint8_t*>array_data(values[k])
        if masks:
            mask_arrays.append(new_array(rows, MASK_DTYPE))
            column.mask = <uint8_t*>array_data(mask_arrays[k])
            memset(column.mask, 0, rows)
        if not companions or column.store != STORE_DATE_TIME:
            deviations.append(None)
            statuses.append(None)
            continue
        deviations.append(new_array(rows, DEVIATION_DTYPE))
        statuses.append(new_array(rows, MASK_DTYPE))
        column.deviations = <int16_t*>array_data(deviations[k])
        column.statuses = <uint8_t*>array_data(statuses[k])
    made.values = tuple(values)
    made.masks = tuple(mask_arrays) if masks else None
    made.deviations = tuple(deviations) if companions else None
    made.statuses = tuple(statuses) if companions else None
    made.reset()
    return made


cdef void* lengthened(object array, Py_ssize_t rows) except? NULL:
    """Where the cells of an array are that got room for more rows, in its place where there is any."""
    array.resize(rows, refcheck=False)  # nobody else has seen it: it is handed out when it is full
    return array_data(array)


cdef void* resized(void* memory, size_t octets) except NULL:
    cdef void* larger = realloc(memory, octets)
    if larger == NULL:
        raise MemoryError
    return larger


cdef double bits_to_float(uint32_t bits):
    cdef float value
    memcpy(&value, &bits, 4)
    return value


cdef bint are_exact(object integers):
    """Whether float64 holds every one of these int64 or uint64 values exactly."""
    cdef uint64_t low
    for value in integers:
        low = <uint64_t>(int(value) & 0xFFFFFFFFFFFFFFFF)
        if not dlms_is_exact(low, -1 if value < 0 else 0):
            return False
    return True


cdef unsigned kind_of(const dlms_column* column, uint8_t tag, const uint8_t* origin, uint64_t raw):
    """The kind of a value, an octet-string that stands for a date-time being one."""
    cdef const uint8_t* octets
    cdef size_t length
    if tag == 9 and column.is_time:
        length = dlms_cell_octets(origin, raw, &octets)
        if length == 12 or length == 0:
            return CELL_DATE_TIME
    return DLMS_TAG_FACTS[tag].kind


cdef object object_of_cell(uint8_t tag, uint64_t raw, const dlms_cursor* c, unsigned kind):
    """The plain Python value of a cell (of loads), its tag no null-data, no delta and no nest."""
    cdef const uint8_t* octets
    cdef dlms_cursor cell
    cdef double wide
    cdef size_t length
    if kind == CELL_INTEGER:
        return raw if tag == 21 else <int64_t>raw
    if kind == CELL_BOOLEAN:
        return raw != 0
    if kind == CELL_FLOAT:
        if tag == 23:
            return bits_to_float(<uint32_t>raw)
        memcpy(&wide, &raw, 8)
        return wide
    if kind == CELL_DATE:
        return date_of(c.origin + raw)
    if kind == CELL_TIME:
        return time_of(c.origin + raw)
    if tag == 25:
        return date_time_of(c.origin + raw)
    if kind == CELL_COMPACT:
        cell = c[0]
        cell.at = c.origin + raw - 1
        return read_data(&cell, False)
    length = dlms_cell_octets(c.origin, raw, &octets)
    if kind == CELL_DATE_TIME and length == 12:
        return date_time_of(octets)
    if kind == CELL_TEXT:
        return axdr_text(tag, octets, length)
    if kind == CELL_BITS:
        return axdr_bit_text(octets, length)
    return PyBytes_FromStringAndSize(<const char*>octets, length)


cdef bint same_octets(const uint8_t* origin, uint8_t tag, uint64_t one, uint64_t other):
    """Whether two strings of the same tag have the same content."""
    cdef const uint8_t* a
    cdef const uint8_t* b
    cdef size_t length = dlms_cell_octets(origin, one, &a)
    if length != dlms_cell_octets(origin, other, &b):
        return False
    return memcmp(a, b, (length + 7) // 8 if tag == 4 else length) == 0


cdef object delta_added(object last, int64_t delta, const dlms_buffer* buffer, size_t row, tuple path):
    value = last + delta
    if not -(1 << 63) <= value < 1 << 64:
        raise_range(buffer, row, path)
    return value


cdef int objects_of_cells(
    dlms_column* column, const dlms_buffer* buffer, size_t start, object array, Column words
) except -1:
    """The cells of a column of objects, from row `start` on, with nulls and deltas resolved."""
    cdef const dlms_cursor* c = &buffer.c
    cdef PyObject** slots = <PyObject**>array_data(array)
    cdef unsigned own_kind = column.kind
    cdef unsigned kind, last_kind = 0
    cdef uint8_t tag, flags, last_tag = 0
    cdef uint64_t last_raw = 0
    cdef bint known = start > 0 and column.last.known
    cdef object value, last = None
    cdef size_t k
    if known:
        last = <uint64_t>column.last.low if column.last.high == 0 else <int64_t>column.last.low
        last_kind = CELL_INTEGER
    for k in range(start, buffer.rows):
        tag = column.cell_tags[k]
        kind = DLMS_TAG_FACTS[tag].kind
        flags = 0
        if kind == CELL_NULL and known and column.repeats:
            value = last
            flags = MASK_NULL | MASK_REBUILT
        elif kind == CELL_NULL or tag == TAG_MISSING or tag == TAG_DONT_CARE:
            value = None
            flags = MASK_NULL
        elif kind == CELL_DELTA:
            value = None
            flags = MASK_OTHER_TYPE
            if known and last_kind == CELL_INTEGER:
                value = last = delta_added(last, <int64_t>column.cell_raw[k], buffer, k, words.path)
                last_tag = 0
                flags = 0 if own_kind == CELL_INTEGER else MASK_OTHER_TYPE
        else:
            kind = kind_of(column, tag, c.origin, column.cell_raw[k])
            if not (
                last_tag == tag
                and (DLMS_TAG_FACTS[tag].kind == CELL_OCTETS or kind == CELL_TEXT or kind == CELL_BITS)
                and same_octets(c.origin, tag, last_raw, column.cell_raw[k])
            ):
                last = object_of_cell(tag, column.cell_raw[k], c, kind)
                last_tag, last_raw = tag, column.cell_raw[k]
            value, last_kind, known = last, kind, True
            if own_kind == 0:
                own_kind = kind
            flags = 0 if kind == own_kind else MASK_OTHER_TYPE
        if column.mask != NULL:
            column.mask[k] = flags
        Py_INCREF(value)
        old = <object>slots[k]
        slots[k] = <PyObject*>value
        Py_DECREF(old)
    return 0

# Part of columns.pyx: rows of a buffer that comes in pieces.

cdef enum stream_state:
    AT_HEAD  # the count, or the first rows, are not whole yet
    AT_ROWS  # rows become columns as they come
    COLLECTING  # the octets are kept for the end: a compact-array, or rows that the first ones did not foretell
    FINISHED


@cython.final
cdef class RowStream:
    """Columns of a buffer that comes in pieces, cut anywhere (the blocks of a GET): rows are decoded as they come.

    `feed` takes the pieces, `finish` gives what unpack would have given for all of them; the parameters are those of
    unpack. The octets are kept until then, as the pieces that they came in: joined they would be there twice for a
    while.
    """

    cdef dlms_sink held  # what is not decoded yet; all octets where `pieces` is None
    cdef list pieces  # all octets; None where cells of rows that are decoded are looked at again
    cdef size_t size  # of all octets
    cdef size_t base  # octets before those that are held
    cdef dict rules
    cdef bint masks
    cdef bint companions
    cdef Plan plan
    cdef Columns columns
    cdef dlms_engine engine
    cdef stream_state state
    cdef size_t expected
    cdef size_t used  # of the held octets, up to the end of the last whole row

    def __init__(
        self, *, clocks=None, capture_step=0, nulls="repeat", deviation_sign="standard", daylight_saving_apart=False,
        masks=True, companions=False,
    ):
        self.pieces = []
        self.rules = {
            "clocks": clocks, "capture_step": capture_step, "nulls": nulls, "deviation_sign": deviation_sign,
            "daylight_saving_apart": daylight_saving_apart,
        }
        self.plan = new_plan(clocks, capture_step, nulls, deviation_sign, daylight_saving_apart)
        self.masks = masks
        self.companions = companions

    def __cinit__(self):
        dlms_sink_open(&self.held)

    def __dealloc__(self):
        dlms_engine_close(&self.engine)
        dlms_sink_close(&self.held)

    @property
    def rows(self):
        """How many whole rows have become columns. 0 once the octets are only collected: a compact-array, or rows
        with more in them than the first ones, are decoded at the end."""
        return self.engine.row if self.state == AT_ROWS else 0

    @property
    def expected_rows(self):
        """How many rows the buffer announces; None before that is known, and for a compact-array."""
        return self.expected if self.state == AT_ROWS else None

    @property
    def octets(self):
        """All octets so far: a copy of them."""
        if self.pieces is None:
            return PyBytes_FromStringAndSize(<const char*>self.held.octets, self.held.used)
        return b"".join(self.pieces)

    def feed(self, octets):
        """The next octets; the number of whole rows so far. DecodeError when they cannot be rows, which may be seen
        only once there are as many octets as the rows before had."""
        if self.state == FINISHED:
            raise ValueError("the stream is finished")
        cdef bytes piece = octets if PyBytes_CheckExact(octets) else bytes(octets)
        self.size += PyBytes_GET_SIZE(piece)
        if self.pieces is not None:
            self.pieces.append(piece)
        if self.pieces is None or self.state != COLLECTING:
            if not dlms_sink_octets(&self.held, <const uint8_t*>PyBytes_AS_STRING(piece), PyBytes_GET_SIZE(piece)):
                raise MemoryError
        if self.state == AT_HEAD:
            self.open()
        if self.state == AT_ROWS:
            self.advance()
        return self.engine.row if self.state == AT_ROWS else 0

    def finish(self):
        """The columns of all rows. DecodeError where octets are missing, broken or too many."""
        cdef dlms_buffer buffer
        if self.state == FINISHED:
            raise ValueError("the stream is finished")
        if self.state == AT_ROWS:
            self.engine.waits = False
            self.advance()
        whole = self.state == AT_ROWS and self.engine.row == self.expected
        if not whole or self.used != self.held.used:
            columns = unpack(self.octets, **self.rules, masks=self.masks, companions=self.companions)
        else:
            memset(&buffer, 0, sizeof(buffer))
            buffer.rows = self.expected
            self.place(&buffer.c)
            columns = self.columns
            self.columns.make_objects(&buffer)
            self.columns.filled = self.expected
            self.columns.settle(self.masks)
        self.state = FINISHED
        return columns

    def front(self):
        """The columns of the whole rows so far (of an array); the stream goes on. DecodeError where there are none."""
        cdef size_t rows = 0
        cdef dlms_cursor c
        cdef uint8_t tag = 0
        cdef bytes octets = self.octets
        dlms_cursor_open(&c, <const uint8_t*>PyBytes_AS_STRING(octets), len(octets))
        if not dlms_u8(&c, &tag) or tag != 1 or not dlms_length(&c, &rows):
            return unpack(octets, **self.rules, masks=self.masks, companions=self.companions)
        start, rows, end = dlms_offset(&c), 0, dlms_offset(&c)
        while dlms_left(&c) and skip_data(&c):
            rows += 1
            end = dlms_offset(&c)
        whole = array_head(rows) + octets[start:end]
        return unpack(whole, **self.rules, masks=self.masks, companions=self.companions)

    cdef int place(self, dlms_cursor* c) except -1:
        """A cursor after the last whole row; the octets may have moved since the last piece."""
        dlms_cursor_open(c, self.held.octets, self.held.used)
        c.at += self.used
        return 0

    cdef int open(self) except -1:
        """Learn the layout as soon as the rows that it takes are whole."""
        cdef dlms_buffer buffer
        cdef dlms_layout layout
        cdef dlms_path path
        cdef dlms_cursor c
        cdef uint8_t tag = 0
        cdef size_t rows
        cdef bint good
        memset(&buffer, 0, sizeof(buffer))
        memset(&layout, 0, sizeof(layout))
        self.place(&buffer.c)
        buffer.octets = self.held.used
        if not dlms_u8(&buffer.c, &tag):
            return 0
        if tag != 1:
            self.state = COLLECTING
            return 0
        if not dlms_length(&buffer.c, &buffer.rows):
            return 0 if buffer.c.fault.code == DLMS_TRUNCATED else raise_fault(&buffer.c.fault, "axdr")
        if buffer.rows == 0:
            self.state = COLLECTING
            return 0
        c, rows = buffer.c, buffer.rows
        good = dlms_scan_rows(&c, &layout, LEARN_ROWS, True, &rows, &path)
        dlms_layout_close(&layout)
        if not good and may_be_cut(&c):
            return 0
        return self.begin(&buffer)

    cdef int begin(self, dlms_buffer* buffer) except -1:
        cdef Plan plan = self.plan
        plan.learn_layout(buffer, False)
        self.expected = buffer.rows
        self.used = dlms_offset(&buffer.c)
        self.columns = new_columns(plan, min(self.expected, self.most_rows(plan.count)), True, self.companions)
        dlms_engine_open(
            &self.engine, &plan.layout, self.columns.columns, plan.count, &plan.rule, False, plan.template
        )
        self.engine.waits = True
        self.state = AT_ROWS
        if self.has_objects():
            self.pieces = None
        return 0

    cdef bint has_objects(self):
        """Whether the cells of a column become objects, which they do at the end: until then their octets stay where
        they are."""
        cdef size_t k
        for k in range(self.columns.count):
            if self.columns.columns[k].store == STORE_OBJECT:
                return True
        return False

    cdef size_t most_rows(self, size_t columns):
        """What the octets so far pay for: see unpack."""
        return (self.size + 128) // (columns if columns else 1)

    cdef int advance(self) except -1:
        """All whole rows of what has come."""
        cdef int result = ENGINE_DONE
        self.place(&self.engine.c)
        while self.state == AT_ROWS:
            self.engine.rows = min(self.expected, <size_t>self.columns.room)
            result = run_rows(&self.engine, self.held.used - self.used)
            if result == ENGINE_DONE and self.engine.row == self.expected:
                break
            if result == ENGINE_BROKEN:
                if not may_be_cut(&self.engine.c):
                    self.state = COLLECTING
                    self.engine.c.fault.offset += self.base
                    raise_in_row(&self.engine.c, self.engine.row, &self.engine.path)
                dlms_engine_await(&self.engine)
                break
            if result == ENGINE_STOP and self.engine.why == RESOLVE_WIDEN:
                self.columns.widen(&self.engine)
                if self.pieces is not None and self.has_objects():
                    self.state = COLLECTING
            elif result != ENGINE_DONE or not self.columns.grow(min(self.expected, self.most_rows(self.columns.count))):
                self.state = COLLECTING
        self.used = dlms_offset(&self.engine.c)
        if self.pieces is not None:
            self.held.used -= self.used
            memmove(self.held.octets, self.held.octets + self.used, self.held.used)
            self.base += self.used
            self.used = 0
        return 0


cdef bint may_be_cut(const dlms_cursor* c):
    """Whether more octets may mend what was found: they ended, or a count promised more than had come."""
    return c.fault.code == DLMS_TRUNCATED or c.fault.code == DLMS_COUNT

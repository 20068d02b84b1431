# Octets -> values. Every function either returns a value or raises DecodeError with the trail's path.


cdef object failed(Run* run):
    """Raise what the cursor's fault says."""
    raise_fault(&run.cursor.fault, <str>run.layer, trail_path(run))


cdef object refused(Run* run, int code, const uint8_t* at, int64_t expected, int64_t found):
    dlms_fail(&run.cursor, code, at, expected, found)
    return failed(run)


cdef object complain(Run* run, const uint8_t* at, str expected, str got):
    raise DecodeError(
        f"expected {expected}, got {got}",
        layer=<str>run.layer, offset=at - run.cursor.origin, path=trail_path(run), expected=expected,
    )


cdef int deviate(Run* run, str what) except -1:
    """Note a harmless deviation at the place where the run stands."""
    cdef list deviations
    cdef str path = trail_path(run)
    if run.deviations == NULL:
        deviations = []
        Py_INCREF(deviations)
        run.deviations = <PyObject*>deviations
    (<list>run.deviations).append(f"{path}: {what}" if path else what)
    return 0


cdef int record_deviations(Run* run, object message) except -1:
    """Give the outermost message its deviations; values without such a slot do not tell."""
    cdef object slot = getattr(type(message), "deviations", None)
    cdef Py_ssize_t offset = -1 if slot is None else dlms_slot_offset(slot)
    if offset >= 0:
        store(<PyObject*>message, offset, tuple(<list>run.deviations))
    return 0


cdef inline void store(PyObject* message, Py_ssize_t slot, object value) noexcept:
    """Fill a slot of a message that nobody else has seen yet."""
    cdef PyObject* before = dlms_slot(message, slot)
    Py_INCREF(value)
    dlms_set_slot(message, slot, <PyObject*>value)
    Py_XDECREF(before)


cdef int read_trailing(Run* run, object value) except -1:
    """Octets are left behind the outermost value: a deviation where its declaration bears them, else a fault."""
    cdef size_t left = dlms_left(&run.cursor)
    node = getattr(type(value), "__node__", None)
    if getattr(node, "trailing", False):
        deviate(run, f"{node.name}: {left} octets follow its end")
    else:
        refused(run, DLMS_TRAILING, run.cursor.at, -1, <int64_t>left)
    return 0


cdef int read_length(Run* run, size_t* length) except -1:
    """A length of at most the octets left; a form longer than needed is a deviation that real meters send."""
    cdef dlms_cursor* c = &run.cursor
    cdef const uint8_t* start = c.at
    if not dlms_length(c, length):
        failed(run)
    if <size_t>(c.at - start) != dlms_length_width(length[0]):
        deviate(run, f"length {length[0]} in {c.at - start} octets")
    return 0


cdef object read_data_within(Run* run, bint typed):
    """One Data. Its reader raises with the path inside the Data; `decode_octets` puts the trail in front of it."""
    if run.front:
        return read_data_front(run)
    run.in_data = True
    value = read_within(&run.cursor, typed, &run.bounds)
    run.in_data = False
    return value


cdef object read_data_front(Run* run):
    """One Data, or what can be read of it; the fault is then kept, and nothing is left to read."""
    cdef const uint8_t* start = run.cursor.at
    try:
        return read_data(&run.cursor, True)
    except DecodeError as error:
        error.layer = <str>run.layer
        error.path = trail_path(run) + error.path
        run.cursor.at = start
        value = read_front(&run.cursor, AXDR_DEPTH)
        if value is None:
            raise
        Py_INCREF(error)
        run.broken = <PyObject*>error
        run.cursor.at = run.cursor.end
        return value


cdef object read_data_octets(Run* run):
    """One Data, checked for its form and kept as its octets."""
    cdef const uint8_t* start = run.cursor.at
    if not skip_data(&run.cursor):
        return failed(run)
    return PyBytes_FromStringAndSize(<const char*>start, run.cursor.at - start)


cdef object read_data_remainder(Run* run):
    """What there is of one Data, its first octet at least: all octets that are left, whatever they are."""
    if not dlms_need(&run.cursor, 1):
        return failed(run)
    return read_octets(run, dlms_left(&run.cursor))


cdef object read_octets(Run* run, size_t count):
    cdef const uint8_t* octets
    if not dlms_octets(&run.cursor, count, &octets):
        return failed(run)
    return PyBytes_FromStringAndSize(<const char*>octets, count)


cdef object read_member(PyObject* members, PyObject* cls, int64_t number):
    """The member of an enumeration, or the plain number where it has none and makes none."""
    if 0 <= number < 256:
        member = <object>PyTuple_GET_ITEM(<object>members, number)
        if member is not None:
            return member
    try:
        return (<object>cls)(number)
    except ValueError:
        return number


cdef object read_op(Run* run, const Op* op):
    cdef dlms_cursor* c = &run.cursor
    cdef uint8_t u8 = 0
    cdef uint16_t u16 = 0
    cdef uint32_t u32 = 0
    cdef uint64_t u64 = 0
    cdef size_t length = 0
    cdef int kind = op.kind
    if kind == UNSIGNED8:
        return u8 if dlms_u8(c, &u8) else failed(run)
    if kind == UNSIGNED16:
        return u16 if dlms_u16(c, &u16) else failed(run)
    if kind == UNSIGNED32:
        return u32 if dlms_u32(c, &u32) else failed(run)
    if kind == UNSIGNED64:
        return u64 if dlms_u64(c, &u64) else failed(run)
    if kind == INTEGER8:
        return <int8_t>u8 if dlms_u8(c, &u8) else failed(run)
    if kind == INTEGER16:
        return <int16_t>u16 if dlms_u16(c, &u16) else failed(run)
    if kind == INTEGER32:
        return <int32_t>u32 if dlms_u32(c, &u32) else failed(run)
    if kind == INTEGER64:
        return <int64_t>u64 if dlms_u64(c, &u64) else failed(run)
    if kind == BOOLEAN:
        return u8 != 0 if dlms_u8(c, &u8) else failed(run)
    if kind == ENUMERATED:
        return read_member(op.members, op.object, u8) if dlms_u8(c, &u8) else failed(run)
    if kind == NULL_TYPE:
        return None
    if kind == ANY_DATA:
        return read_data_within(run, True)
    if kind == DATA_OCTETS:
        return read_data_octets(run)
    if kind == DATA_REMAINDER:
        return read_data_remainder(run)
    if kind == SEQUENCE:
        return read_sequence(run, op)
    if kind == CHOICE:
        return read_choice(run, op)
    if kind == SEQUENCE_OF:
        return read_sequence_of(run, op)
    if kind == OCTETS:
        if op.size >= 0:
            return read_octets(run, op.size)
        read_length(run, &length)
        return read_octets(run, length)
    if kind == VISIBLE_STRING:
        read_length(run, &length)
        return (<bytes>read_octets(run, length)).decode("latin-1")
    if kind == BIT_STRING:
        read_length(run, &length)
        return read_bits(run, length)
    if kind == DATE_TIME:
        return read_date_time(run)
    if kind == CONFORMANCE:
        return read_conformance(run, op)
    if kind == CONTENTS:
        return read_contents(run, op)
    if kind in (SCALAR, MEANT_OCTETS, ARRAY, STRUCTURE, DATA_CHOICE):
        return read_declared(run, op)
    if kind == BER_SEQUENCE:
        return read_ber_sequence(run, op)
    raise SystemError(f"op kind {kind} cannot stand here")


cdef object read_bits(Run* run, size_t bits):
    value = read_bit_string(&run.cursor, bits)
    return failed(run) if value is None else value


cdef bint holds(const Op* op, PyObject* message) except -1:
    """Whether a conditional field is there, by the earlier field that its condition names."""
    cdef PyObject* earlier = dlms_slot(message, op.condition)
    cdef int overflow = 0
    cdef long long number
    if earlier == NULL or not PyLong_Check(<object>earlier):
        return False
    number = PyLong_AsLongLongAndOverflow(<object>earlier, &overflow)
    return (number & op.mask) != 0 if op.mask else number == op.equals


cdef bint is_there(Run* run, const Op* op, PyObject* message) except -1:
    """Whether a field follows, its presence octet read where it has one."""
    cdef dlms_cursor* c = &run.cursor
    cdef uint8_t there = 0
    if op.presence == CONDITIONAL and not holds(op, message):
        return False
    if op.omissible and c.at == c.end:
        deviate(run, "left out at the end")
        return False
    if op.presence in (CONDITIONAL, REQUIRED):
        return True
    if op.kind == DATE_TIME and dlms_left(c) >= 2 and c.at[0] == AXDR_OCTET_STRING and c.at[1] == 12:
        return True  # `09 0C` in place of the presence octet, too: read_date_time notes it
    if not dlms_u8(c, &there):
        failed(run)
    if there > 1:
        complain(run, c.at - 1, "a presence octet 00 or 01", f"{there:02X}")
    return there


cdef object read_sequence(Run* run, const Op* op):
    cdef PyObject* cls = op.object
    message = dlms_new(cls)
    cdef PyObject* to = <PyObject*>message
    cdef const Op* field = run.ops + op.first
    cdef const Op* end = field + op.count
    if op.deviations >= 0:
        store(to, op.deviations, ())
    while field < end:
        descend(run, field)
        if (field.presence != REQUIRED or field.omissible) and not is_there(run, field, to):
            value = <object>field.default
        elif field.kind == REMAINDER:
            value = read_remainder(run, field, end, to)
        else:
            value = read_op(run, field)
        run.depth -= 1
        store(to, field.slot, value)
        field += 1
    return message


cdef object read_remainder(Run* run, const Op* op, const Op* end, PyObject* message):
    """The octets before the fields of fixed size that follow and are there."""
    cdef int64_t reserved = 0
    cdef const Op* later = op + 1
    while later < end:
        if later.presence == REQUIRED or holds(later, message):
            reserved += later.size
        later += 1
    if not dlms_need(&run.cursor, reserved):
        return failed(run)
    return read_octets(run, dlms_left(&run.cursor) - reserved)


cdef const Op* chosen(Run* run, const Op* op, uint8_t tag, const uint8_t* at) except NULL:
    """The alternative (or, in a BER sequence, field) that a tag stands for."""
    cdef uint16_t position = op.table[tag]
    cdef list known
    if position == NO_CHILD:
        known = [
            f"{<object>run.ops[op.first + i].label} ({run.ops[op.first + i].tag:02X})"
            for i in range(op.count)
        ]
        complain(run, at, " or ".join(known) if len(known) <= 6 else "a known tag", f"{tag:02X}")
    return run.ops + op.first + position


cdef object read_choice(Run* run, const Op* op):
    cdef const Op* alternative
    cdef uint8_t tag = 0
    if not dlms_u8(&run.cursor, &tag):
        return failed(run)
    alternative = chosen(run, op, tag, run.cursor.at - 1)
    descend(run, alternative)
    value = read_op(run, alternative)
    run.depth -= 1
    return value


cdef object read_sequence_of(Run* run, const Op* op):
    cdef size_t count = 0, i
    cdef list elements = []
    cdef const Op* element = run.ops + op.first
    cdef Step* step = &run.trail[run.depth - 1]
    cdef const uint8_t* start = run.cursor.at
    read_length(run, &count)
    # Every element takes an octet at least, so what is made here stays below the octets of the input.
    if count > dlms_left(&run.cursor):
        return refused(run, DLMS_COUNT, start, <int64_t>dlms_left(&run.cursor), <int64_t>count)
    for i in range(count):
        step.index = i
        elements.append(read_op(run, element))
        if run.broken != NULL:
            break
    step.index = -1
    return tuple(elements)


cdef object read_date_time(Run* run):
    """An OCTET STRING of 12 octets or none. In place of its length alone, meters send `09 0C` (Kaifa: the tag of an
    octet-string), `19` (the tag of a date-time) or `01 0C` (the presence octet of an OPTIONAL)."""
    cdef dlms_cursor* c = &run.cursor
    cdef const uint8_t* octets
    cdef size_t length = 0
    if dlms_left(c) >= 2 and c.at[1] == 12 and c.at[0] in (1, AXDR_OCTET_STRING):
        deviate(run, f"{c.at[0]:02X} 0C before it")
        c.at += 2
        length = 12
    elif dlms_left(c) and c.at[0] == AXDR_DATE_TIME:
        deviate(run, "19 before it")
        c.at += 1
        length = 12
    else:
        read_length(run, &length)
    if length == 0:
        return None
    if length != 12:
        return refused(run, DLMS_LENGTH, c.at - 1, 12, <int64_t>length)
    if not dlms_octets(c, 12, &octets):
        return failed(run)
    return date_time_of(octets)


cdef object read_conformance(Run* run, const Op* op):
    """[APPLICATION 31] of BER, 24 bits: 5F 1F 04 00 and three octets. Some meters code the tag as 5F alone."""
    cdef dlms_cursor* c = &run.cursor
    cdef const uint8_t* octets
    cdef uint8_t tag = 0
    if not dlms_u8(c, &tag):
        return failed(run)
    if tag != 0x5F:
        return complain(run, c.at - 1, "the tag 5F 1F of conformance", f"{tag:02X}")
    if dlms_left(c) and c.at[0] == 0x1F:
        c.at += 1
    else:
        deviate(run, "its tag is 5F alone")
    if not dlms_octets(c, 5, &octets):
        return failed(run)
    if octets[0] != 4 or octets[1] != 0:
        return complain(run, octets, "24 bits (04 00)", f"{octets[0]:02X} {octets[1]:02X}")
    return (<object>op.object)(<int>octets[2] << 16 | <int>octets[3] << 8 | octets[4])


cdef object read_contents(Run* run, const Op* op):
    """A value that fills an OCTET STRING."""
    cdef size_t length = 0
    read_length(run, &length)
    return read_filling(run, run.ops + op.first, length)


cdef object read_filling(Run* run, const Op* op, size_t length):
    cdef dlms_cursor* c = &run.cursor
    cdef const uint8_t* end = c.end
    if not dlms_need(c, length):
        return failed(run)
    c.end = c.at + length
    descend(run, op)
    value = read_op(run, op)
    run.depth -= 1
    if c.at != c.end:
        return refused(run, DLMS_TRAILING, c.at, -1, <int64_t>dlms_left(c))
    c.end = end
    return value

# Values -> octets. Every function appends to the sink or raises EncodeError, whose path `encode` finds in the trail.


cdef inline int put(bint written) except -1:
    """What a sink's writer says: 0 when memory ran out."""
    if not written:
        raise MemoryError
    return 0


cdef int unfit(str wanted, object value) except -1:
    raise EncodeError(f"expected {wanted}, got {shown(value)}")


cdef int64_t whole(object value, int64_t least, int64_t greatest) except? -1:
    """An int between two bounds."""
    cdef int overflow = 0
    cdef int64_t number = 0
    if dlms_small_int(value, &number) and least <= number <= greatest:
        return number
    if PyLong_Check(value) and not PyBool_Check(value):
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        if not overflow and least <= number <= greatest:
            return number
    unfit(f"an int from {least} to {greatest}", value)
    return -1


cdef int write_bytes(dlms_sink* s, object value) except -1:
    """Octets as they stand."""
    cdef bytes octets
    if PyBytes_CheckExact(value):
        octets = value
    elif PyBytes_Check(value):  # a LogicalName, say
        return put(dlms_sink_octets(s, <const uint8_t*>PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)))
    elif isinstance(value, (bytearray, memoryview)):
        octets = bytes(value)
    else:
        return unfit("octets", value)
    return put(dlms_sink_octets(s, <const uint8_t*>PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets)))


cdef int write_long_octets(dlms_sink* s, object value) except -1:
    """Octets with their length in front."""
    cdef size_t mark = s.used
    write_bytes(s, value)
    return put(dlms_sink_wrap(s, mark))


cdef int write_data_octets(dlms_sink* s, object value) except -1:
    """Octets that are one whole Data, as they are."""
    cdef dlms_cursor c
    if not isinstance(value, bytes):
        return unfit("the octets of one Data", value)
    dlms_cursor_open(&c, <const uint8_t*>PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
    if not skip_data(&c) or dlms_left(&c):
        return unfit("the octets of one Data", value)
    return write_bytes(s, value)


cdef int write_op(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    cdef size_t mark
    cdef int kind = op.kind
    if kind == UNSIGNED8:
        return put(dlms_sink_u8(s, <uint8_t>whole(value, 0, 0xFF)))
    if kind == UNSIGNED16:
        return put(dlms_sink_u16(s, <uint16_t>whole(value, 0, 0xFFFF)))
    if kind == UNSIGNED32:
        return put(dlms_sink_u32(s, <uint32_t>whole(value, 0, 0xFFFFFFFF)))
    if kind == UNSIGNED64:
        return put(dlms_sink_u64(s, whole64(value)))
    if kind == INTEGER8:
        return put(dlms_sink_u8(s, <uint8_t>whole(value, -0x80, 0x7F)))
    if kind == INTEGER16:
        return put(dlms_sink_u16(s, <uint16_t>whole(value, -0x8000, 0x7FFF)))
    if kind == INTEGER32:
        return put(dlms_sink_u32(s, <uint32_t>whole(value, INT32_MIN, INT32_MAX)))
    if kind == INTEGER64:
        return put(dlms_sink_u64(s, <uint64_t>whole(value, INT64_MIN, INT64_MAX)))
    if kind == BOOLEAN:
        if value is not True and value is not False:
            return unfit("True or False", value)
        return put(dlms_sink_u8(s, 1 if value is True else 0))
    if kind == ENUMERATED:
        return put(dlms_sink_u8(s, <uint8_t>whole(value, 0, 0xFF)))
    if kind == NULL_TYPE:
        return 0 if value is None else unfit("None", value)
    if kind == ANY_DATA:
        if not isinstance(value, Data):
            return unfit("a value of dlms.data", value)
        return write_data(s, value)
    if kind == DATA_OCTETS:
        return write_data(s, value) if isinstance(value, Data) else write_data_octets(s, value)
    if kind == SEQUENCE:
        return write_sequence(run, s, op, value)
    if kind == CHOICE:
        return write_choice(run, s, op, value)
    if kind == SEQUENCE_OF:
        return write_elements(run, s, op, value)
    if kind == OCTETS:
        if op.size < 0:
            return write_long_octets(s, value)
        mark = s.used
        write_bytes(s, value)
        return 0 if <int64_t>(s.used - mark) == op.size else unfit(f"{op.size} octets", value)
    if kind == REMAINDER:
        return write_bytes(s, value)
    if kind == VISIBLE_STRING:
        try:
            return write_long_octets(s, value.encode("latin-1"))
        except (AttributeError, UnicodeEncodeError):
            return unfit("a str of Latin-1", value)
    if kind == BIT_STRING:
        if not PyUnicode_Check(value):
            return unfit("a str of 0 and 1", value)
        put(dlms_sink_length(s, len(<str>value)))
        return write_bits(s, value)
    if kind == DATE_TIME:
        return write_date_time(s, value)
    if kind == CONFORMANCE:
        put(dlms_sink_u32(s, 0x5F1F0400))
        mark = whole(value, 0, 0xFFFFFF)
        put(dlms_sink_u8(s, <uint8_t>(mark >> 16)))
        return put(dlms_sink_u16(s, <uint16_t>mark))
    if kind == CONTENTS:
        mark = s.used
        write_filling(run, s, run.ops + op.first, value)
        return put(dlms_sink_wrap(s, mark))
    if kind == SCALAR:
        return write_scalar(s, op, value)
    if kind == STRUCTURE:
        return write_structure(run, s, op, value)
    if kind == ARRAY:
        put(dlms_sink_u8(s, AXDR_ARRAY))
        return write_elements(run, s, op, value)
    if kind == MEANT_OCTETS:
        return write_meaning(s, op, value)
    if kind == DATA_CHOICE:
        return write_data_choice(run, s, op, value)
    if kind == BER_SEQUENCE:
        return write_ber_sequence(run, s, op, value)
    raise SystemError(f"op kind {kind} cannot stand here")


cdef uint64_t whole64(object value) except? 0xFFFFFFFFFFFFFFFF:
    if not PyLong_Check(value) or PyBool_Check(value) or not 0 <= value <= 0xFFFFFFFFFFFFFFFF:
        unfit("an int from 0 to 18446744073709551615", value)
    return PyLong_AsUnsignedLongLong(value)


cdef PyObject* slot_value(PyObject* message, Py_ssize_t slot) except NULL:
    """What a slot of a message holds (borrowed: messages are frozen)."""
    cdef PyObject* value = dlms_slot(message, slot)
    if value == NULL:
        raise EncodeError("a field that was never set")
    return value


cdef int check_class(const Op* op, object value) except -1:
    if <PyObject*>Py_TYPE(value) != op.object:
        unfit(f"a {(<object>op.object).__name__}", value)
    return 0


cdef int write_sequence(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    cdef const Op* field = run.ops + op.first
    cdef const Op* end = field + op.count
    cdef bint there
    check_class(op, value)
    while field < end:
        descend(run, field)
        member = <object>slot_value(<PyObject*>value, field.slot)
        there = True
        if field.presence == CONDITIONAL:
            there = holds(field, <PyObject*>value) and not (field.omissible and member is None)
            if there == (member is None):
                unfit("a value" if there else "None, by what the fields before say", member)
        elif field.presence == OPTIONAL:
            there = member is not None
            put(dlms_sink_u8(s, there))
        elif field.presence == DEFAULT:
            there = member != <object>field.default
            put(dlms_sink_u8(s, there))
        if there:
            write_op(run, s, field, member)
        run.depth -= 1
        field += 1
    return 0


cdef int write_elements(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    """A count and the elements of a list or tuple."""
    cdef const Op* element = run.ops + op.first
    cdef Py_ssize_t i, count
    cdef int depth = run.depth
    cdef tuple elements
    if PyTuple_CheckExact(value):
        elements = value
    elif isinstance(value, (list, tuple)):
        elements = tuple(value)  # of our own: another thread may change a list meanwhile
    else:
        return unfit("a list or tuple", value)
    count = len(elements)
    put(dlms_sink_length(s, count))
    if run.trail[depth - 1].index >= 0:
        descend(run, op)
    for i in range(count):
        run.trail[run.depth - 1].index = i
        if element.kind == SCALAR:
            write_scalar(s, element, <object>PyTuple_GET_ITEM(elements, i))
        elif element.kind == STRUCTURE:
            write_structure(run, s, element, <object>PyTuple_GET_ITEM(elements, i))
        else:
            write_op(run, s, element, <object>PyTuple_GET_ITEM(elements, i))
    run.trail[run.depth - 1].index = -1
    run.depth = depth
    return 0


cdef int write_choice(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    cdef const Op* alternative = run.ops + op.first
    cdef const Op* end = alternative + op.count
    while alternative < end and not fits(run, alternative, value):
        alternative += 1
    if alternative == end:
        return unfit("one of the alternatives", value)
    put(dlms_sink_u8(s, alternative.tag))
    descend(run, alternative)
    write_op(run, s, alternative, value)
    run.depth -= 1
    return 0


cdef bint fits(Run* run, const Op* op, object value) except -1:
    """Whether the type of a value is that of an op. A bare int is never a code of an enumeration: who writes 5 where
    Data or a result may stand has forgotten the type of the Data."""
    cdef uint32_t i
    if op.kind in (SEQUENCE, BER_SEQUENCE, ENUMERATED, BER_ENUMERATED):
        return <PyObject*>Py_TYPE(value) == op.object
    if op.kind == ANY_DATA:
        return isinstance(value, Data)
    if op.kind == DATA_OCTETS:
        return isinstance(value, (Data, bytes))
    if op.kind == NULL_TYPE:
        return value is None
    if op.kind == BOOLEAN:
        return PyBool_Check(value)
    if op.kind in (OCTETS, BER_OCTETS):
        return isinstance(value, (bytes, bytearray, memoryview))
    if op.kind in (VISIBLE_STRING, BIT_STRING, BER_BITS, BER_IDENTIFIER):
        return PyUnicode_Check(value)
    if op.kind == SEQUENCE_OF:
        return isinstance(value, (list, tuple))
    if op.kind == CHOICE:
        for i in range(op.count):
            if fits(run, run.ops + op.first + i, value):
                return True
        return False
    return PyLong_CheckExact(value)


cdef int write_date_time(dlms_sink* s, object value) except -1:
    if value is None:
        return put(dlms_sink_u8(s, 0))
    if not isinstance(value, CosemDateTime):
        return unfit("a CosemDateTime or None", value)
    put(dlms_sink_u8(s, 12))
    return put(dlms_sink_octets(s, (<CosemDateTime>value).raw, 12))


cdef int write_filling(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    descend(run, op)
    write_op(run, s, op, value)
    run.depth -= 1
    return 0

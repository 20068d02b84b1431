# ACSE in BER: tagged fields, read and written.


cdef object read_ber_sequence(Run* run, const Op* op):
    """Tagged fields; the tag of the sequence itself has been read. A missing length is a deviation where all fields may
    be absent: some meters answer a release with the single octet 63."""
    cdef dlms_cursor* c = &run.cursor
    cdef const uint8_t* end = c.end
    cdef const Op* field
    cdef const Op* last = run.ops + op.first - 1
    cdef size_t length = 0
    cdef uint32_t i
    message = dlms_new(op.object)
    cdef PyObject* to = <PyObject*>message
    if c.at == c.end and all_absent(run, op):
        deviate(run, "its tag stands alone")
    else:
        read_length(run, &length)
    if not dlms_need(c, length):
        return failed(run)
    c.end = c.at + length
    while c.at < c.end:
        field = chosen(run, op, c.at[0], c.at)
        c.at += 1
        descend(run, field)
        if dlms_slot(to, field.slot) != NULL:
            return complain(run, c.at - 1, "one of it", "a second one")
        if field < last:
            deviate(run, "out of order")
        last = field
        value = read_ber_field(run, field)
        if field.presence == DEFAULT:
            note_default(run, field, value)
        run.depth -= 1
        store(to, field.slot, value)
    c.end = end
    for i in range(op.count):
        field = run.ops + op.first + i
        if dlms_slot(to, field.slot) == NULL:
            if field.presence == REQUIRED:
                descend(run, field)
                return complain(run, c.at, f"its tag {field.tag:02X}", "the end")
            store(to, field.slot, <object>field.default)
    if op.deviations >= 0:
        store(to, op.deviations, ())
    return message


cdef bint all_absent(Run* run, const Op* op) noexcept:
    cdef uint32_t i
    for i in range(op.count):
        if run.ops[op.first + i].presence == REQUIRED:
            return False
    return True


cdef int note_default(Run* run, const Op* field, object value) except -1:
    """A field with a default that is sent all the same: nothing else than the default is known to mean anything, and
    DER leaves the default out."""
    deviate(run, f"{value} is sent, the default is {<object>field.default}")
    return 0


cdef object read_ber_field(Run* run, const Op* op):
    """The field whose tag has been read: its length, the universal tag and length inside where it is EXPLICIT."""
    cdef dlms_cursor* c = &run.cursor
    cdef const uint8_t* end = c.end
    cdef uint8_t inner = 0
    cdef size_t length = 0
    read_length(run, &length)
    if not dlms_need(c, length):
        return failed(run)
    c.end = c.at + length
    if op.inner:
        if not dlms_u8(c, &inner):
            return failed(run)
        if inner != op.inner:
            return complain(run, c.at - 1, f"the tag {op.inner:02X}", f"{inner:02X}")
        read_length(run, &length)
        if length != dlms_left(c):
            return refused(run, DLMS_LENGTH, c.at - 1, <int64_t>dlms_left(c), <int64_t>length)
    value = read_ber_content(run, op)
    if c.at != c.end:
        return refused(run, DLMS_TRAILING, c.at, -1, <int64_t>dlms_left(c))
    c.end = end
    return value


cdef object read_ber_content(Run* run, const Op* op):
    cdef dlms_cursor* c = &run.cursor
    cdef const Op* alternative
    cdef int64_t number = 0
    cdef uint8_t octet = 0
    if op.kind == BER_OCTETS:
        return read_octets(run, dlms_left(c))
    if op.kind == BER_IDENTIFIER:
        value = read_object_identifier(c)
        return failed(run) if value is None else value
    if op.kind == BER_INTEGER_KIND:
        return number if read_integer(c, &number) else failed(run)
    if op.kind == BER_ENUMERATED:
        return read_member(op.members, op.object, number) if read_integer(c, &number) else failed(run)
    if op.kind == BER_BITS:
        if not dlms_u8(c, &octet):
            return failed(run)
        if octet > 7 or (octet and not dlms_left(c)):
            return complain(run, c.at - 1, "a count of unused bits", f"{octet:02X}")
        return read_bits(run, dlms_left(c) * 8 - octet)
    if op.kind == BER_CONTENTS:
        return read_filling(run, run.ops + op.first, dlms_left(c))
    # BER_CHOICE: one tagged alternative.
    if not dlms_u8(c, &octet):
        return failed(run)
    alternative = chosen(run, op, octet, c.at - 1)
    descend(run, alternative)
    value = read_ber_field(run, alternative)
    run.depth -= 1
    return value


cdef int write_ber_sequence(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    cdef const Op* field
    cdef size_t mark = s.used
    cdef uint32_t i
    check_class(op, value)
    for i in range(op.count):
        field = run.ops + op.first + i
        descend(run, field)
        member = <object>slot_value(<PyObject*>value, field.slot)
        if not (field.presence == OPTIONAL and member is None) and not (
            field.presence == DEFAULT and member == <object>field.default
        ):
            write_ber_field(run, s, field, member)
        run.depth -= 1
    return put(dlms_sink_wrap(s, mark))


cdef int write_ber_field(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    cdef size_t mark, inside
    put(dlms_sink_u8(s, op.tag))
    mark = s.used
    if op.inner:
        put(dlms_sink_u8(s, op.inner))
        inside = s.used
        write_ber_content(run, s, op, value)
        put(dlms_sink_wrap(s, inside))
    else:
        write_ber_content(run, s, op, value)
    return put(dlms_sink_wrap(s, mark))


cdef int write_ber_content(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    cdef const Op* alternative
    cdef uint32_t i
    if op.kind == BER_OCTETS:
        return write_bytes(s, value)
    if op.kind == BER_IDENTIFIER:
        return write_object_identifier(s, value)
    if op.kind in (BER_INTEGER_KIND, BER_ENUMERATED):
        return put(write_integer(s, whole(value, INT64_MIN, INT64_MAX)))
    if op.kind == BER_BITS:
        if not PyUnicode_Check(value):
            return unfit("a str of 0 and 1", value)
        put(dlms_sink_u8(s, -len(<str>value) & 7))
        return write_bits(s, value)
    if op.kind == BER_CONTENTS:
        return write_filling(run, s, run.ops + op.first, value)
    # BER_CHOICE
    for i in range(op.count):
        alternative = run.ops + op.first + i
        if fits(run, alternative, value):
            descend(run, alternative)
            write_ber_field(run, s, alternative, value)
            run.depth -= 1
            return 0
    return unfit("one of the alternatives", value)

# Values -> octets. Every function appends to the sink or raises EncodeError, whose path `encode` finds in the trail.


cdef inline int put(bint written) except -1:
    """What a sink's writer says: 0 when memory ran out."""
    if not written:
        raise MemoryError
    return 0


cdef int unfit(str wanted, object value) except -1:
    raise EncodeError(f"expected {wanted}, got {value!r}")


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
    if PyBytes_Check(value):
        octets = value
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


# ---- ACSE ------------------------------------------------------------------------------------------------------


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


# ---- COSEM Data of a declared type -----------------------------------------------------------------------------


cdef inline int write_scalar(dlms_sink* s, const Op* op, object value) except -1:
    """The integers and octet-string are written here, whatever else by the class of dlms.data, which checks it."""
    cdef int64_t number = 0
    cdef Py_ssize_t size
    if op.size > 0:
        if (dlms_small_int(value, &number) or whole_number(value, &number)) and fits_width(number, op):
            return write_number(s, op, number)
    elif op.tag == AXDR_OCTET_STRING and PyBytes_CheckExact(value):
        size = PyBytes_GET_SIZE(value)
        put(dlms_sink_need(s, size + 6))
        s.octets[s.used] = AXDR_OCTET_STRING
        s.used += 1
        dlms_sink_length(s, size)
        return put(dlms_sink_octets(s, <const uint8_t*>PyBytes_AS_STRING(value), size))
    return write_other_scalar(s, op, value)


cdef inline int write_number(dlms_sink* s, const Op* op, int64_t number) except -1:
    """The tag and `size` octets of an integer that they can hold."""
    cdef uint8_t* at
    put(dlms_sink_need(s, 9))
    at = s.octets + s.used
    at[0] = op.tag
    if op.size == 4:
        dlms_put_be32(at + 1, <uint32_t>number)
    elif op.size == 2:
        dlms_put_be16(at + 1, <uint16_t>number)
    elif op.size == 1:
        at[1] = <uint8_t>number
    else:
        dlms_put_be64(at + 1, <uint64_t>number)
    s.used += 1 + op.size
    return 0


cdef bint whole_number(object value, int64_t* number) except -1:
    """Whether a value is an int, no bool, of 64 bits."""
    cdef int overflow = 0
    if not PyLong_Check(value) or PyBool_Check(value):
        return False
    number[0] = PyLong_AsLongLongAndOverflow(value, &overflow)
    return overflow == 0


cdef int write_other_scalar(dlms_sink* s, const Op* op, object value) except -1:
    if <PyObject*>Py_TYPE(value) != op.object:
        if (
            isinstance(value, Data) or (value is None) != (op.tag == AXDR_NULL_DATA)
            or (op.size > 0 and PyBool_Check(value))
        ):
            return unfit(f"a {(<object>op.object).__name__}", value)
        value = (<object>op.object)() if value is None else (<object>op.object)(value)
    return write_data(s, value)


cdef inline bint fits_width(int64_t number, const Op* op) noexcept:
    """Whether the integer type of an op, of `size` octets and signed if `inner`, holds a number."""
    cdef int bits = <int>(8 * op.size)
    if op.inner:
        return bits == 64 or -(<int64_t>1 << (bits - 1)) <= number < <int64_t>1 << (bits - 1)
    return number >= 0 and (bits == 64 or number < <int64_t>1 << bits)


cdef int write_meaning(dlms_sink* s, const Op* op, object value) except -1:
    if not isinstance(value, <object>op.object):
        return write_typed(s, op, value)
    put(dlms_sink_u8(s, AXDR_OCTET_STRING))
    return write_long_octets(s, value.octets)


cdef int write_typed(dlms_sink* s, const Op* op, object value) except -1:
    """A value of dlms.data in place of a plain one, of a tag that the op takes."""
    if not isinstance(value, Data) or (<Data>value).code not in (op.tag, op.also):
        return unfit(f"a {(<object>op.object).__name__}", value)
    return write_data(s, value)


cdef int write_structure(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    cdef const Op* field = run.ops + op.first
    cdef bint named = op.object != <PyObject*>None and <PyObject*>Py_TYPE(value) == op.object
    cdef Step* step = &run.trail[run.depth]
    cdef uint32_t i
    cdef Py_ssize_t count
    cdef tuple members = None
    if not named:
        if PyTuple_CheckExact(value):
            members = value
        elif isinstance(value, (list, tuple)):
            members = tuple(value)
        else:
            return unfit("a tuple" if op.object == <PyObject*>None else f"a {(<object>op.object).__name__}", value)
        count = len(members)
        if count != op.count:
            return unfit(f"{op.count} members", value)
    put(dlms_sink_u8(s, AXDR_STRUCTURE))
    put(dlms_sink_length(s, op.count))
    run.depth += 1
    step.index = -1
    for i in range(op.count):
        step.op = field + i
        if named:
            write_op(run, s, field + i, <object>slot_value(<PyObject*>value, field[i].slot))
            continue
        step.index = i
        if field[i].kind == SCALAR:
            write_scalar(s, field + i, <object>PyTuple_GET_ITEM(members, i))
        else:
            write_op(run, s, field + i, <object>PyTuple_GET_ITEM(members, i))
    run.depth -= 1
    return 0


cdef int write_data_choice(Run* run, dlms_sink* s, const Op* op, object value) except -1:
    """By the tag of a typed value; by the type of a plain one where only one alternative has it."""
    cdef const Op* only = NULL
    cdef const Op* alternative
    cdef uint32_t i
    if isinstance(value, Data):
        if op.table[(<Data>value).code] == NO_CHILD:
            return unfit("one of the alternatives", value)
        return write_data(s, value)
    for i in range(op.count):
        alternative = run.ops + op.first + i
        if may_be(alternative, value):
            if only != NULL:
                return unfit("a value of dlms.data, as this could be several types", value)
            only = alternative
    if only == NULL:
        return unfit("one of the alternatives", value)
    return write_op(run, s, only, value)


cdef bint may_be(const Op* op, object value) except -1:
    """Whether a plain value has the Python type of a declared type of Data."""
    cdef uint8_t tag = op.tag
    if op.kind in (ARRAY, STRUCTURE):
        return isinstance(value, (list, tuple)) or (
            op.object != <PyObject*>None and <PyObject*>Py_TYPE(value) == op.object
        )
    if op.kind == MEANT_OCTETS:
        return isinstance(value, <object>op.object)
    if value is None:
        return tag == AXDR_NULL_DATA
    if PyBool_Check(value):
        return tag == AXDR_BOOLEAN
    if PyLong_Check(value):
        return op.size > 0
    if PyFloat_Check(value):
        return tag in (AXDR_FLOAT32, AXDR_FLOAT64)
    if PyUnicode_Check(value):
        return tag in (AXDR_VISIBLE_STRING, AXDR_UTF8_STRING, AXDR_BIT_STRING)
    if isinstance(value, CosemDateTime):
        return tag == AXDR_DATE_TIME
    if isinstance(value, CosemDate):
        return tag == AXDR_DATE
    if isinstance(value, CosemTime):
        return tag == AXDR_TIME
    return tag == AXDR_OCTET_STRING and isinstance(value, (bytes, bytearray, memoryview))

# COSEM Data of a declared type, read and written.


cdef object read_declared(Run* run, const Op* op):
    cdef dlms_cursor* c = &run.cursor
    cdef const uint8_t* where = c.at
    cdef const uint8_t* octets
    cdef size_t count = 0
    if not dlms_need(c, 1):
        return failed(run)
    if op.kind == DATA_CHOICE:
        return read_op(run, chosen(run, op, c.at[0], where))
    if c.at[0] != op.tag and c.at[0] != op.also:
        return refused(run, DLMS_TAG, where, op.tag, c.at[0])
    if op.kind == SCALAR:
        value = read_scalar(run, op)
        return value if op.members == <PyObject*>None else read_member(op.members, op.default, value)
    c.at += 1
    if op.kind == MEANT_OCTETS:
        if axdr_width(where[0]) >= 0:
            count = axdr_width(where[0])
            if not dlms_octets(c, count, &octets):
                return failed(run)
        elif not axdr_octets(c, &octets, &count):
            return failed(run)
        return read_meaning(run, op, octets, count)
    if not axdr_enter(c, &run.bounds, &count):
        return failed(run)
    value = read_array(run, op, count) if op.kind == ARRAY else read_structure(run, op, count)
    run.bounds.depth += 1
    return value


cdef inline object read_scalar(Run* run, const Op* op):
    """The integers and octet-string are read here, whatever else by dlms_core.axdr."""
    cdef dlms_cursor* c = &run.cursor
    cdef const uint8_t* at = c.at + 1
    cdef const uint8_t* octets
    cdef size_t count = 0
    cdef uint64_t number
    if op.size > 0 and dlms_left(c) > <size_t>op.size:
        c.at += 1 + op.size
        if op.size == 4:
            number = dlms_be32(at)
        elif op.size == 2:
            number = dlms_be16(at)
        elif op.size == 1:
            number = at[0]
        else:
            number = dlms_be64(at)
        if op.inner:
            # Signed: the uppermost bit of the width carries the sign.
            return <int64_t>(number << (64 - 8 * op.size)) >> (64 - 8 * op.size)
        return number
    if op.tag == AXDR_OCTET_STRING:
        c.at += 1
        if not axdr_octets(c, &octets, &count):
            return failed(run)
        return PyBytes_FromStringAndSize(<const char*>octets, count)
    return read_data_within(run, False)


cdef object read_meaning(Run* run, const Op* op, const uint8_t* octets, size_t count):
    """What an octet-string means; its class refuses with a ValueError or an error of the library."""
    try:
        return (<object>op.object).from_octets(PyBytes_FromStringAndSize(<const char*>octets, count))
    except (ValueError, DlmsError) as error:
        raise DecodeError(
            f"{getattr(error, 'reason', error)}",
            layer=<str>run.layer, offset=octets - run.cursor.origin, path=trail_path(run),
        ) from None


cdef object read_element(Run* run, const Op* op):
    """A value inside an array or structure of a declared type; most are simple ones of the tag declared."""
    cdef dlms_cursor* c = &run.cursor
    if op.kind == SCALAR and op.members == <PyObject*>None and c.at < c.end and c.at[0] == op.tag:
        return read_scalar(run, op)
    return read_op(run, op)


cdef object read_array(Run* run, const Op* op, size_t count):
    # axdr_enter has seen to it that there is an octet for every element.
    cdef list elements = PyList_New(count)
    cdef const Op* element = run.ops + op.first
    cdef Step* step = &run.trail[run.depth - 1]
    cdef bint nested = step.index >= 0
    cdef size_t i
    if nested:
        descend(run, op)
        step = &run.trail[run.depth - 1]
    for i in range(count):
        step.index = i
        run.bounds.owed -= 1
        value = read_element(run, element)
        Py_INCREF(value)
        PyList_SET_ITEM(elements, i, value)
    if nested:
        run.depth -= 1
    else:
        step.index = -1
    return elements


cdef object read_structure(Run* run, const Op* op, size_t count):
    """An instance of the declared class, or a tuple where there is none."""
    cdef const Op* field = run.ops + op.first
    cdef bint named = op.object != <PyObject*>None
    cdef Step* step = &run.trail[run.depth]
    cdef uint32_t i
    if count != op.count:
        return complain(run, run.cursor.at - 1, f"{op.count} members", f"{count}")
    value = dlms_new(op.object) if named else PyTuple_New(count)
    run.depth += 1
    step.index = -1
    for i in range(op.count):
        run.bounds.owed -= 1
        step.op = field + i
        if named:
            store(<PyObject*>value, field[i].slot, read_op(run, field + i))
        else:
            step.index = i
            member = read_element(run, field + i)
            Py_INCREF(member)
            PyTuple_SET_ITEM(value, i, member)
    run.depth -= 1
    return value


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
            or (op.size > 0 and PyBool_Check(value)) or op.tag == AXDR_COMPACT_ARRAY
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

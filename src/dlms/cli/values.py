"""`dlms read`, `set` and `call`: single values of a meter."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from typing import Any

from dlms import client
from dlms.cli import meters
from dlms.cli.outcome import SUCCESS, CallAtFault
from dlms.cosem.declare import InterfaceClass
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Data, loads
from dlms.errors import DlmsError
from dlms.translate import from_json, to_json, to_text
from dlms.translate.words import DATA_TYPES, STRUCTURED, scalar_from_plain
from dlms.units import Quantity

VALUE = 'TYPE:VALUE (unsigned:5, octet-string:0A0B, boolean:true) or JSON ({"type": ..., "value": ...})'


def add_parser(subparsers: Any) -> None:
    """`dlms read`, `dlms set` and `dlms call`."""
    reading = subparsers.add_parser("read", help="read values of a meter", description="Read values of a meter.")
    meters.add_arguments(
        reading, "[CLASS/]OBIS[:ATTRIBUTE] ...", "; then what to read: without an attribute the value with its unit"
    )
    reading.set_defaults(run=read)
    writing = subparsers.add_parser("set", help="write an attribute", description="Write an attribute of a meter.")
    meters.add_arguments(writing, "[CLASS/]OBIS:ATTRIBUTE VALUE", f"; then the attribute and {VALUE}")
    writing.set_defaults(run=write)
    calling = subparsers.add_parser("call", help="invoke a method", description="Invoke a method of a meter.")
    meters.add_arguments(calling, "[CLASS/]OBIS:METHOD [VALUE]", f"; then the method and its argument, {VALUE}")
    calling.set_defaults(run=invoke)


def read(arguments: argparse.Namespace) -> int:
    """Print what was asked for."""
    call = meters.Call(arguments)
    addresses = [meters.address(word) for word in call.expect(1, 1000, "[CLASS/]OBIS[:ATTRIBUTE] ...")]
    with call.connected() as meter:
        for address in addresses:
            ref, plain, text = call.with_thing(meter, address, partial(_value_of, meter, address.number))
            if arguments.json:
                sys.stdout.write(json.dumps({"attribute": str(ref), "data": plain}) + "\n")
            else:
                gap = "\n" if "\n" in text else " "
                sys.stdout.write(f"{ref}{gap}{text}\n")
    return SUCCESS


def _value_of(meter: client.Meter, number: int | None, thing: InterfaceClass) -> tuple[AttributeRef[Any], object, str]:
    """What was read, and its value for JSON and as text."""
    if number is None:
        value = meter.read(thing)
        if isinstance(value, Quantity):
            return thing.attribute(2), _quantity(value), str(value)
    ref = thing.attribute(2 if number is None else number)
    typed = loads(meter.get_octets(ref), typed=True)
    return ref, to_json(typed), to_text(typed)


def _quantity(value: Quantity) -> dict[str, object]:
    return {"value": str(value.value), "unit": value.unit.symbol}


def write(arguments: argparse.Namespace) -> int:
    """Write one attribute."""
    call = meters.Call(arguments)
    word, text = call.expect(2, 2, "[CLASS/]OBIS:ATTRIBUTE VALUE")
    address, value = meters.address(word), _value(text)
    number = address.number
    if number is None:
        raise CallAtFault(f"which attribute? Write {word}:ATTRIBUTE")

    def set_value(thing: InterfaceClass) -> None:
        meter.set(AttributeRef(thing.class_id, bytes(thing.logical_name), number), value)

    with call.connected() as meter:
        call.with_thing(meter, address, set_value)
    return SUCCESS


def invoke(arguments: argparse.Namespace) -> int:
    """Invoke a method and print what it returns."""
    call = meters.Call(arguments)
    word, *rest = call.expect(1, 2, "[CLASS/]OBIS:METHOD [VALUE]")
    address, argument = meters.address(word), _value(rest[0]) if rest else None
    number = address.number
    if number is None:
        raise CallAtFault(f"which method? Write {word}:METHOD")

    def invoke_method(thing: InterfaceClass) -> tuple[MethodRef[Any], bytes | None]:
        ref = thing.method(number)
        # A given value has its type already, whatever is declared.
        typed_ref = MethodRef(ref.class_id, bytes(ref.logical_name), number, None, ref.short_name_offset)
        return ref, meter.call_octets(ref if argument is None else typed_ref, argument)

    with call.connected() as meter:
        ref, returned = call.with_thing(meter, address, invoke_method)
    if returned is not None:
        typed = loads(returned, typed=True)
        plain = {"method": str(ref), "data": to_json(typed)}
        sys.stdout.write((json.dumps(plain) if arguments.json else to_text(typed)) + "\n")
    return SUCCESS


def _value(text: str) -> Data:
    try:
        if text.lstrip().startswith("{"):
            value = from_json(json.loads(text))
            if not isinstance(value, Data):
                raise CallAtFault("the value is a message, not a Data")
            return value
        name, colon, plain = text.partition(":")
        of = DATA_TYPES.get(name)
        if not colon or of is None or of in STRUCTURED:
            raise CallAtFault(f"a value is {VALUE}")
        return scalar_from_plain(of, _plain(plain, name))
    except (DlmsError, ValueError, RecursionError) as error:
        raise CallAtFault(f"no value: {error}") from None


def _plain(text: str, name: str) -> Any:
    if name in ("octet-string", "visible-string", "utf8-string", "bit-string", "date-time", "date", "time"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise CallAtFault(f"the value of {name} is a number, or true or false, not {text!r:.40}") from None

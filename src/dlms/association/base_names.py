"""Objects by logical name in an association with short names: base_names looked up one by one, or from object_list."""

from __future__ import annotations

from typing import Any, Final

from dlms.association.effects import Exchange
from dlms.association.negotiated import Negotiated
from dlms.association.object_list import counted_anew
from dlms.association.short_names import Variable, read_one
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Data, LongUnsigned, OctetString, Structure, loads
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, ProtocolError
from dlms.logical_name import LogicalName
from dlms.service_errors import ObjectUndefined, ServiceError

CURRENT_ASSOCIATION: Final = 0xFA00
"""The base_name of the Association SN object of the association itself, wherever it is: no list need be read for it."""
ITSELF: Final = (12, LogicalName("0.0.40.0.0.255"))
"""Class and logical name of that object."""
OBJECT_LIST: Final = CURRENT_ASSOCIATION + 0x08
BY_LOGICAL_NAME: Final = 2
"""The access selector of object_list that chooses the object of a class and a logical name."""


class BaseNames:
    """What is known of the objects' base_names; asked for where it is not, and kept for as long as this is."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, LogicalName], tuple[int, int]] = {}
        self._meant: dict[int, AttributeRef[Any] | MethodRef[Any]] = {}
        self._complete = False

    def attribute(
        self,
        negotiated: Negotiated,
        ref: AttributeRef[object],
        selector: int | None = None,
        parameter: Data | bytes = b"",
    ) -> Exchange[Variable]:
        """The variable that an attribute is; ObjectUndefined where the meter has no such object."""
        if ref.attribute_id < 1:
            raise ConfigurationError(f"{ref}: short names reach attributes from 1 on")
        base_name = yield from self._base_name(negotiated, ref)
        return self._variable(base_name, ref.short_name_offset, ref, selector, parameter)

    def method(self, negotiated: Negotiated, ref: MethodRef[object]) -> Exchange[Variable]:
        """The variable that invokes a method; ConfigurationError where no source says at which offset it is."""
        offset = ref.short_name_offset
        if offset is not None:
            base_name = yield from self._base_name(negotiated, ref)
            return self._variable(base_name, offset, ref)
        from dlms.cosem import classes, declare  # noqa: F401  # many declarations, needed here alone

        base_name, version = yield from self._find(negotiated, ref)
        declared = declare.find_class(ref.class_id, version)
        offset = None if declared is None else declared(ref.logical_name).short_name_offset_of_method(ref.method_id)
        if offset is None:
            raise ConfigurationError(f"{ref}: its offset from base_name is not known; give short_name_offset")
        return self._variable(base_name, offset, ref)

    def meaning_of(self, short_name: int) -> AttributeRef[Any] | MethodRef[Any] | None:
        """What a short name that was asked for here stands for."""
        return self._meant.get(short_name)

    def _variable(
        self,
        base_name: int,
        offset: int,
        ref: AttributeRef[Any] | MethodRef[Any],
        selector: int | None = None,
        parameter: Data | bytes = b"",
    ) -> Variable:
        short_name = base_name + offset
        if short_name > 0xFFFF:
            raise ConfigurationError(f"{ref}: no short name can be that far from base_name {base_name:#06x}")
        self._meant[short_name] = ref
        return Variable(short_name, selector, parameter, ref)

    def read_object_list(self, negotiated: Negotiated) -> Exchange[None]:
        """Read the whole object_list, and know every object from then on, whatever count it gives."""
        octets, _ = yield from counted_anew(read_one(negotiated, Variable(OBJECT_LIST, what="object_list")))
        rows = loads(octets)
        if not isinstance(rows, list):
            raise ProtocolError("the object_list is no array")
        for row in rows:
            self._take(row)
        self._complete = True

    def _base_name(self, negotiated: Negotiated, ref: AttributeRef[object] | MethodRef[object]) -> Exchange[int]:
        if (ref.class_id, ref.logical_name) == ITSELF:
            return CURRENT_ASSOCIATION
        base_name, _ = yield from self._find(negotiated, ref)
        return base_name

    def _find(self, negotiated: Negotiated, ref: AttributeRef[object] | MethodRef[object]) -> Exchange[tuple[int, int]]:
        key = (ref.class_id, ref.logical_name)
        if key not in self._known and not self._complete:
            yield from self._look_up(negotiated, *key)
        found = self._known.get(key)
        if found is None:
            raise ObjectUndefined(what=ref)
        return found

    def _look_up(self, negotiated: Negotiated, class_id: int, logical_name: LogicalName) -> Exchange[None]:
        """Ask for one object where the meter takes parameters, else, or where it refuses that, for all."""
        if not negotiated.allows(Conformance.PARAMETERIZED_ACCESS):
            yield from self.read_object_list(negotiated)
            return
        wanted = Structure((LongUnsigned(class_id), OctetString(bytes(logical_name))))
        variable = Variable(OBJECT_LIST, BY_LOGICAL_NAME, wanted, "object_list")
        try:
            octets, _ = yield from counted_anew(read_one(negotiated, variable))
        except ServiceError:
            yield from self.read_object_list(negotiated)
            return
        value = loads(octets)
        rows = value if isinstance(value, list) else [value]  # an element, an array of one, or (Gurux) all of them
        for row in rows:
            self._take(row)
        self._complete = len(rows) > 1

    def _take(self, row: object) -> None:
        """An object_list_element: base_name (a long, seen as unsigned too), class_id, version, logical name."""
        match row:
            case (int(base_name), int(class_id), int(version), bytes(octets)) if len(octets) == 6:
                self._known[class_id, LogicalName(octets)] = base_name & 0xFFFF, version
            case _:
                raise ProtocolError("an element of the object_list is no structure of base_name, class_id, version "
                                    "and logical name")  # fmt: skip

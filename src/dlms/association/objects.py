"""The objects of a meter: their list, and reading one of them in a single step."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from operator import index
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dlms.association.effects import Exchange
from dlms.association.object_list import counted_anew
from dlms.association.selection import Selection
from dlms.association.values import Misfit, value_of
from dlms.cosem.classes import (
    AssociationLN,
    AssociationSN,
    DemandRegister,
    ExtendedRegister,
    ProfileGeneric,
    Register,
)
from dlms.cosem.declare import InterfaceClass, UntypedObject, interface_object
from dlms.cosem.references import AttributeRef
from dlms.errors import ConfigurationError, EncodeError, ProtocolError
from dlms.service_errors import ServiceError
from dlms.units import ScalerUnit, Unit

if TYPE_CHECKING:
    from dlms.association.client import ClientAssociation

T = TypeVar("T")
CURRENT_ASSOCIATION: Final = "0.0.40.0.0.255"
SCALER_UNIT_OF: Final = {Register.class_id: 3, ExtendedRegister.class_id: 3, DemandRegister.class_id: 4}
"""Class -> the attribute with its scaler and unit."""
SCALED_BY_IT: Final = {Register.class_id: (2,), ExtendedRegister.class_id: (2,), DemandRegister.class_id: (2, 3)}
"""Class -> the attributes that it speaks of."""


def objects(association: ClientAssociation) -> Exchange[tuple[InterfaceClass, ...]]:
    """The objects that this association sees, each of the class declared for its version or an UntypedObject.

    A wrong count of them is not believed: all that are there are read, and the association's `misfits` tell.
    """
    holder = AssociationSN if association.negotiated.short_names else AssociationLN
    ref = holder(CURRENT_ASSOCIATION).attribute(2)
    plain: AttributeRef[Any] = AttributeRef(ref.class_id, ref.logical_name, ref.attribute_id)
    rows = yield from object_list(association, plain)
    if not isinstance(rows, list):
        raise ProtocolError(f"expected an array of objects, got {type(rows).__name__}")
    first = 1 if association.negotiated.short_names else 0  # the base_name leads
    try:
        return tuple(_object(row[first : first + 3]) for row in rows)
    except (TypeError, ValueError, EncodeError) as error:
        raise ProtocolError(f"the object list is none: {error}") from error


def object_list(
    association: ClientAssociation, ref: AttributeRef[T], selection: Selection | None = None
) -> Exchange[T]:
    """The value of an attribute that is an object list; where it counts wrong, all that are whole of its elements, and
    the association's `misfits` tell."""
    octets, error = yield from counted_anew(association.get_octets(ref, selection))
    if error is not None:
        association.misfits.append(Misfit(str(ref), error))
    value: T = value_of(octets, ref, association.misfits)
    return value


def _object(row: Sequence[Any]) -> InterfaceClass:
    class_id, version, logical_name = row
    return interface_object(index(class_id) & 0xFFFF, index(version) & 0xFF, logical_name)


def scaler_unit_ref(ref: AttributeRef[Any]) -> AttributeRef[ScalerUnit] | None:
    """Where the scaler and unit of a value are; None where it has none."""
    if ref.attribute_id not in SCALED_BY_IT.get(ref.class_id, ()):
        return None
    attribute_id = SCALER_UNIT_OF[ref.class_id]
    kind: type[InterfaceClass] = DemandRegister if ref.class_id == DemandRegister.class_id else Register
    return AttributeRef(ref.class_id, ref.logical_name, attribute_id, kind.attributes[attribute_id])


def main_value(thing: InterfaceClass | AttributeRef[Any]) -> AttributeRef[Any]:
    """The attribute that `read` reads: that of the address, or attribute 2 of the object."""
    if isinstance(thing, AttributeRef):
        return thing
    if isinstance(thing, ProfileGeneric):
        raise ConfigurationError(f"{thing} is a profile: read it with read_profile")
    if isinstance(thing, UntypedObject) and thing.class_id in SCALER_UNIT_OF:
        raise ConfigurationError(f"{thing} is of a version that is not known: read its attributes with get")
    return thing.attribute(2)


def read(association: ClientAssociation, thing: InterfaceClass | AttributeRef[Any]) -> Exchange[Any]:
    """The value of an object: of a register, an extended or a demand register as a Quantity, else of attribute 2.

    What a register holds that is no number comes as it is.
    """
    ref = main_value(thing)
    holder = scaler_unit_ref(ref)
    if holder is None:
        return (yield from association.get(ref))
    known = association.scaler_units.get(holder)
    if known is None:
        value, found = yield from association.get_several((ref, holder), "return")
        if isinstance(value, ServiceError):
            raise value
        if isinstance(found, ServiceError):
            raise found
        known = as_scaler_unit(found)
        association.scaler_units[holder] = known
    else:
        value = yield from association.get(ref)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or known is None:
        return value
    return known.quantity(value)


def as_scaler_unit(value: Any) -> ScalerUnit | None:
    """The value of a scaler_unit; None for what is none (some meters send null-data)."""
    match value:
        case ScalerUnit():
            return value
        case (int(scaler), int(unit)):
            return ScalerUnit(scaler, Unit(unit))
    return None


def scaler_units(
    association: ClientAssociation, refs: Sequence[AttributeRef[Any]]
) -> Exchange[list[ScalerUnit | None]]:
    """The scaler and unit of each attribute, None where it has none or the meter gives none; each is read once."""
    holders = [scaler_unit_ref(ref) for ref in refs]
    unknown = list(
        dict.fromkeys(holder for holder in holders if holder is not None and holder not in association.scaler_units)
    )
    if unknown:
        found = yield from association.get_several(unknown, "return")
        for holder, value in zip(unknown, found, strict=True):
            association.scaler_units[holder] = as_scaler_unit(value)
    return [None if holder is None else association.scaler_units[holder] for holder in holders]

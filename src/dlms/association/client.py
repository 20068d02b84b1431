"""What a client does in an association, each operation once, as a generator that both shells drive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

from dlms.apdu.get import CosemAttributeDescriptor, CosemMethodDescriptor, SelectiveAccessDescriptor
from dlms.association import services, short_names
from dlms.association.base_names import BaseNames
from dlms.association.blocks import Take
from dlms.association.effects import Exchange
from dlms.association.negotiated import Negotiated
from dlms.association.objects import objects, read
from dlms.association.opening import Proposal, open_association, release_association
from dlms.association.profile_reading import ProfileStructure
from dlms.association.selection import Selection, selective_access
from dlms.association.values import Misfit, octets_of, value_of
from dlms.cosem.declare import InterfaceClass
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import DONT_CARE, NullData, dumps, loads
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError
from dlms.logical_name import LogicalName
from dlms.service_errors import ServiceError
from dlms.units import ScalerUnit

T = TypeVar("T")
Errors = Literal["raise", "return"]
METHOD_SELECTOR = 1  # of the parameterised access that invokes a method with short names


class ClientAssociation:
    """One association of a client with a logical device, and the operations within it.

    `misfits` lists values that did not fit their declared type. `list_limit` bounds how many attributes go into one
    request with a list.
    """

    def __init__(self, proposal: Proposal, *, list_limit: int = 32) -> None:
        self.proposal = proposal
        self.misfits: list[Misfit] = []
        self.scaler_units: dict[AttributeRef[Any], ScalerUnit | None] = {}
        self.profile_structures: dict[LogicalName, ProfileStructure] = {}
        self._list_limit = list_limit
        self._negotiated: Negotiated | None = None
        self._base_names = BaseNames()

    @property
    def negotiated(self) -> Negotiated:
        """What was agreed on; ConfigurationError where no association is open."""
        if self._negotiated is None:
            raise ConfigurationError("no association is open")
        return self._negotiated

    @property
    def is_open(self) -> bool:
        """Whether the association is open."""
        return self._negotiated is not None

    def open(self) -> Exchange[None]:
        """AARQ to HLS."""
        self._negotiated = yield from open_association(self.proposal)

    def release(self) -> Exchange[None]:
        """RLRQ; nothing where no association is open."""
        negotiated, self._negotiated = self._negotiated, None
        if negotiated is not None:
            yield from release_association(negotiated, self.proposal)

    def forget(self) -> None:
        """The link is gone, and the association with it."""
        self._negotiated = None

    # ---- values ---------------------------------------------------------------------------------------------------

    def get(self, ref: AttributeRef[T], selection: Selection | None = None) -> Exchange[T]:
        """One attribute."""
        octets = yield from self.get_octets(ref, selection)
        value: T = value_of(octets, ref, self.misfits)
        return value

    def get_octets(
        self, ref: AttributeRef[Any], selection: Selection | None = None, take: Take | None = None
    ) -> Exchange[bytes]:
        """The octets of one attribute's Data; with `take` they go there as they come, and b"" is returned."""
        chosen = selective_access(ref, selection)
        if not self.negotiated.short_names:
            return (yield from services.get(self.negotiated, attribute_descriptor(ref), chosen, take))
        variable = yield from self._variable(ref, chosen)
        (outcome,) = yield from short_names.read(self.negotiated, [variable])
        if isinstance(outcome, ServiceError):
            raise outcome
        if take is None:
            return outcome
        take(outcome)
        return b""

    def _variable(
        self, ref: AttributeRef[Any], selection: SelectiveAccessDescriptor | None
    ) -> Exchange[short_names.Variable]:
        if selection is None:
            return (yield from self._base_names.attribute(self.negotiated, ref))
        selector, parameter = selection.access_selector, selection.access_parameters
        return (yield from self._base_names.attribute(self.negotiated, ref, selector, parameter))

    def get_several(self, refs: Sequence[AttributeRef[Any]], errors: Errors = "raise") -> Exchange[tuple[Any, ...]]:
        """Several attributes: in requests with a list where the meter takes them, else one by one.

        Raises the first ServiceError with all outcomes in its `results`, or, with errors="return", leaves the errors
        in their places.
        """
        outcomes: list[Any] = []
        step = self._list_limit if self.negotiated.allows(Conformance.MULTIPLE_REFERENCES) else 1
        for start in range(0, len(refs), step):
            outcomes += yield from self._get_chunk(refs[start : start + step])
        return settled(outcomes, errors)

    def _get_chunk(self, refs: Sequence[AttributeRef[Any]]) -> Exchange[list[Any]]:
        if len(refs) == 1:
            try:
                return [(yield from self.get(refs[0]))]
            except ServiceError as error:
                return [error]
        found = yield from self._get_list(refs)
        return [
            octets if isinstance(octets, ServiceError) else value_of(octets, ref, self.misfits)
            for octets, ref in zip(found, refs, strict=True)
        ]

    def _get_list(self, refs: Sequence[AttributeRef[Any]]) -> Exchange[list[bytes | ServiceError]]:
        if not self.negotiated.short_names:
            return (yield from services.get_list(self.negotiated, [(attribute_descriptor(ref), None) for ref in refs]))
        places: list[short_names.Variable | ServiceError] = []
        for ref in refs:
            try:
                places.append((yield from self._variable(ref, None)))
            except ServiceError as error:
                places.append(error)
        variables = [place for place in places if isinstance(place, short_names.Variable)]
        found = iter((yield from short_names.read(self.negotiated, variables)) if variables else [])
        return [place if isinstance(place, ServiceError) else next(found) for place in places]

    def set(self, ref: AttributeRef[T], value: T, selection: Selection | None = None) -> Exchange[None]:
        """Write one attribute."""
        octets = octets_of(value, ref)
        chosen = selective_access(ref, selection)
        if not self.negotiated.short_names:
            yield from services.set_value(self.negotiated, attribute_descriptor(ref), octets, chosen)
            return
        variable = yield from self._variable(ref, chosen)
        (error,) = yield from short_names.write(self.negotiated, [variable], [octets])
        if error is not None:
            raise error

    def call(self, method: MethodRef[T], argument: T | None = None) -> Exchange[Any]:
        """Invoke a method; what it returns, as plain values, or None."""
        octets = None if argument is None and method.node is None else octets_of(argument, method)
        if self.negotiated.short_names:
            returned = yield from self._call_by_short_name(method, octets)
        else:
            returned = yield from services.call(self.negotiated, method_descriptor(method), octets)
        value = None if returned is None else loads(returned)
        return None if value is DONT_CARE else value  # with short names that is how jDLMS returns nothing

    def _call_by_short_name(self, method: MethodRef[Any], argument: bytes | None) -> Exchange[bytes | None]:
        """Read with the argument as the parameter, which brings back what the method returns, or write it.

        A method is written where the meter takes no parameterised access or, by a quirk, takes methods so alone.
        """
        variable = yield from self._base_names.method(self.negotiated, method)
        argument = dumps(NullData()) if argument is None else argument
        quirk = self.proposal.quirks.short_name_methods_written
        if quirk or not self.negotiated.allows(Conformance.PARAMETERIZED_ACCESS):
            (error,) = yield from short_names.write(self.negotiated, [variable], [argument])
            if error is not None:
                raise error
            return None
        invocation = replace(variable, selector=METHOD_SELECTOR, parameter=argument)
        (outcome,) = yield from short_names.read(self.negotiated, [invocation])
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome

    # ---- objects --------------------------------------------------------------------------------------------------

    def objects(self) -> Exchange[tuple[InterfaceClass, ...]]:
        """The objects of the object list."""
        return objects(self)

    def read(self, thing: InterfaceClass | AttributeRef[Any]) -> Exchange[Any]:
        """What an object holds, a Quantity where it is a register."""
        return read(self, thing)


def attribute_descriptor(ref: AttributeRef[Any]) -> CosemAttributeDescriptor:
    """The descriptor of an attribute's address."""
    return CosemAttributeDescriptor(ref.class_id, bytes(ref.logical_name), ref.attribute_id)


def method_descriptor(ref: MethodRef[Any]) -> CosemMethodDescriptor:
    """The descriptor of a method's address."""
    return CosemMethodDescriptor(ref.class_id, bytes(ref.logical_name), ref.method_id)


def settled(outcomes: list[Any], errors: Errors) -> tuple[Any, ...]:
    """All outcomes, or the first error with all of them attached."""
    results = tuple(outcomes)
    if errors == "raise":
        failed = next((outcome for outcome in results if isinstance(outcome, ServiceError)), None)
        if failed is not None:
            failed.results = results
            raise failed
    return results

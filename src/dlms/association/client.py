"""What a client does in an association, each operation once, as a generator that both shells drive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

from dlms.apdu import Apdu
from dlms.apdu.get import CosemAttributeDescriptor, SelectiveAccessDescriptor
from dlms.association import services, short_names
from dlms.association.access import NULL, AccessPart, access
from dlms.association.base_names import BaseNames
from dlms.association.blocks import Take, need
from dlms.association.effects import Accepting, Exchange
from dlms.association.engine import Trace
from dlms.association.exchange import opened, pass_over
from dlms.association.negotiated import Negotiated
from dlms.association.object_list import is_object_list
from dlms.association.objects import object_list, objects, read
from dlms.association.opening import Proposal, open_association, release_association
from dlms.association.profile_reading import ProfileStructure
from dlms.association.selection import Selection, selective_access
from dlms.association.values import (
    Misfit,
    argument_octets,
    as_they_are,
    meaning_of,
    misfit_of,
    octets_of,
    value_of,
)
from dlms.cosem.declare import InterfaceClass
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import DONT_CARE, loads
from dlms.datetime import CosemDateTime
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, DecodeError
from dlms.logical_name import LogicalName
from dlms.security.settings import Security
from dlms.service_errors import ServiceError
from dlms.units import ScalerUnit

T = TypeVar("T")
Errors = Literal["raise", "return"]
LIST_HEAD = 4  # octets of a get-request-with-list around its elements
LIST_ELEMENT = 10  # octets of one attribute in it: class_id, logical name, attribute_id, no selection
LIST_AND_BLOCK_HEAD = 20  # octets around those of a request with a list and the first block, and some of the block
METHOD_SELECTOR = 1  # of the parameterised access that invokes a method with short names


class ClientAssociation:
    """One association of a client with a logical device, and the operations within it.

    `trace` is told of what is ciphered, in plain; `tells_progress` says whether anybody wants to know how far long
    values have come. `misfits` lists values that did not fit their declared type.
    `list_limit` bounds how many attributes go into one request with a list.
    """

    def __init__(
        self, proposal: Proposal, *, list_limit: int = 32, trace: Trace | None = None, tells_progress: bool = True
    ) -> None:
        self.proposal = proposal
        self.tells_progress = tells_progress
        self._trace = trace
        self.misfits: list[Misfit] = []
        self.scaler_units: dict[AttributeRef[Any], ScalerUnit | None] = {}
        self.profile_structures: dict[LogicalName, ProfileStructure] = {}
        self._list_limit = list_limit
        self._negotiated: Negotiated | None = None
        self._base_names = BaseNames()
        self._lists_refused = False

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
        negotiated = yield from open_association(self.proposal, self._trace)
        negotiated.tells_progress = self.tells_progress
        self._negotiated = negotiated

    def release(self) -> Exchange[None]:
        """RLRQ; nothing where no association is open."""
        negotiated, self._negotiated = self._negotiated, None
        if negotiated is not None:
            yield from release_association(negotiated, self.proposal)

    def adopt(self, security: Security) -> None:
        """Open the next association with this Security; one that is open goes on as it was agreed."""
        self.proposal = replace(self.proposal, security=security)

    def forget(self) -> None:
        """The link is gone, and the association with it."""
        self._negotiated = None

    def opened(self, octets: bytes) -> Accepting[Apdu]:
        """The message in octets that came outside of any operation, its protection checked."""
        return opened(self.negotiated, octets)

    def meaning_of(self, short_name: int) -> AttributeRef[Any] | MethodRef[Any] | None:
        """The attribute or method that a short name stands for, where it was addressed in this association."""
        return self._base_names.meaning_of(short_name)

    def pass_over(self) -> Exchange[None]:
        """Let the answer to a request that was given up pass."""
        return pass_over(self.negotiated)

    # ---- values ---------------------------------------------------------------------------------------------------

    def get(self, ref: AttributeRef[T], selection: Selection | None = None) -> Exchange[T]:
        """One attribute."""
        if is_object_list(ref):  # some meters count it wrong
            return object_list(self, ref, selection)
        return self._get(ref, selection, None, meaning_of(ref), self._misfit)

    def get_octets(
        self, ref: AttributeRef[Any], selection: Selection | None = None, take: Take | None = None
    ) -> Exchange[bytes]:
        """The octets of one attribute's Data; with `take` they go there as they come, and b"" is returned."""
        return self._get(ref, selection, take, as_they_are)

    def _get(
        self,
        ref: AttributeRef[Any],
        selection: Selection | None,
        take: Take | None,
        meaning: Callable[[bytes], T],
        misfit: services.Misfit[T] | None = None,
    ) -> Exchange[T]:
        chosen = None if selection is None else selective_access(ref, selection)
        negotiated = self._negotiated or self.negotiated
        if negotiated.short_names:
            return self._read_variable(ref, chosen, take, meaning, misfit)
        if ref.attribute_id == 0:
            need(negotiated, Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET)
        return services.get(negotiated, ref.descriptor, chosen, take, meaning, misfit)

    def _read_variable(
        self,
        ref: AttributeRef[Any],
        chosen: SelectiveAccessDescriptor | None,
        take: Take | None,
        meaning: Callable[[bytes], T],
        misfit: services.Misfit[T] | None,
    ) -> Exchange[T]:
        variable = yield from self._variable(ref, chosen)
        octets = yield from short_names.read_one(self.negotiated, variable, take)
        try:
            return meaning(octets)
        except DecodeError as error:
            if misfit is None:
                raise
            return misfit(ref.descriptor, octets, error)

    def _misfit(self, attribute: CosemAttributeDescriptor, octets: bytes, error: DecodeError) -> Any:
        return misfit_of(attribute, octets, error, self.misfits)

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
        while len(outcomes) < len(refs):
            start = len(outcomes)
            outcomes += yield from self._get_chunk(refs[start : start + self._list_length(LIST_HEAD)])
        return settled(outcomes, errors)

    def _list_length(self, head: int) -> int:
        """How many attributes or methods go into one request: what the meter takes, and at least one."""
        if self._lists_refused or not self.negotiated.allows(Conformance.MULTIPLE_REFERENCES):
            return 1
        return max(1, min(self._list_limit, (self.negotiated.room - head) // LIST_ELEMENT))

    def _get_chunk(self, refs: Sequence[AttributeRef[Any]]) -> Exchange[list[Any]]:
        if len(refs) == 1:
            try:
                return [(yield from self.get(refs[0]))]
            except ServiceError as error:
                return [error]
        try:
            found = yield from self._get_list(refs)
        except ServiceError:
            # Some meters refuse lists although they agreed to them: from here on one by one, which shows the error.
            self._lists_refused = True
            return (yield from self._get_chunk(refs[:1]))
        except DecodeError:
            if not any(map(is_object_list, refs)):
                raise
            return (yield from self._get_chunk(refs[:1]))
        return [
            octets if isinstance(octets, ServiceError) else value_of(octets, ref, self.misfits)
            for octets, ref in zip(found, refs, strict=True)
        ]

    def _get_list(self, refs: Sequence[AttributeRef[Any]]) -> Exchange[list[bytes | ServiceError]]:
        if not self.negotiated.short_names:
            return (yield from services.get_list(self.negotiated, [(ref.descriptor, None) for ref in refs]))
        places = yield from self._variables(refs)
        variables = [place for place in places if isinstance(place, short_names.Variable)]
        found = iter((yield from short_names.read(self.negotiated, variables)) if variables else [])
        return [place if isinstance(place, ServiceError) else next(found) for place in places]

    def _variables(self, refs: Sequence[AttributeRef[Any]]) -> Exchange[list[short_names.Variable | ServiceError]]:
        """Where the attributes are with short names; an error for what is not there."""
        places: list[short_names.Variable | ServiceError] = []
        for ref in refs:
            try:
                places.append((yield from self._variable(ref, None)))
            except ServiceError as error:
                places.append(error)
        return places

    def set(
        self,
        ref: AttributeRef[T],
        value: T,
        selection: Selection | None = None,
        *,
        confirmed: bool = True,
    ) -> Exchange[None]:
        """Write one attribute; not `confirmed`, the meter does not say whether it did."""
        octets = octets_of(value, ref)
        chosen = selective_access(ref, selection)
        if not self.negotiated.short_names:
            if ref.attribute_id == 0:
                need(self.negotiated, Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET)
            write = services.set_value if confirmed else services.set_unconfirmed
            yield from write(self.negotiated, ref.descriptor, octets, chosen)
            return
        variable = yield from self._variable(ref, chosen)
        if not confirmed:
            yield from short_names.write_unconfirmed(self.negotiated, [variable], [octets])
            return
        (error,) = yield from short_names.write(self.negotiated, [variable], [octets])
        if error is not None:
            raise error

    def set_several(
        self, values: Sequence[tuple[AttributeRef[Any], Any]], errors: Errors = "raise"
    ) -> Exchange[tuple[Any, ...]]:
        """Write several attributes: in requests with a list where the meter takes them, else one by one.

        None for each that was written; errors as with `get_several`. All are written that can be, whatever is refused.
        """
        given = [(ref, octets_of(value, ref)) for ref, value in values]
        outcomes: list[Any] = []
        while len(outcomes) < len(given):
            start = len(outcomes)
            outcomes += yield from self._set_chunk(given[start : start + self._list_length(LIST_AND_BLOCK_HEAD)])
        return settled(outcomes, errors)

    def _set_chunk(self, given: Sequence[tuple[AttributeRef[Any], bytes]]) -> Exchange[list[ServiceError | None]]:
        octets = [value for _, value in given]
        if not self.negotiated.short_names:
            if len(given) > 1:
                attributes = [(ref.descriptor, None) for ref, _ in given]
                return (yield from services.set_list(self.negotiated, attributes, octets))
            try:
                yield from services.set_value(self.negotiated, given[0][0].descriptor, octets[0])
            except ServiceError as error:
                return [error]
            return [None]
        places = yield from self._variables([ref for ref, _ in given])
        variables = [place for place in places if isinstance(place, short_names.Variable)]
        values = [value for value, place in zip(octets, places, strict=True) if not isinstance(place, ServiceError)]
        written = iter((yield from short_names.write(self.negotiated, variables, values)) if variables else [])
        return [place if isinstance(place, ServiceError) else next(written) for place in places]

    def call_several(
        self, calls: Sequence[tuple[MethodRef[Any], Any]], errors: Errors = "raise"
    ) -> Exchange[tuple[Any, ...]]:
        """Invoke several methods, each with its argument or None: in requests with a list where the meter takes them,
        else one by one. What each returns, as by `call`; errors as with `get_several`.
        """
        given = [(method, argument_octets(argument, method)) for method, argument in calls]
        outcomes: list[Any] = []
        while len(outcomes) < len(given):
            start = len(outcomes)
            length = 1 if self.negotiated.short_names else self._list_length(LIST_AND_BLOCK_HEAD)
            outcomes += yield from self._call_chunk(given[start : start + length])
        return settled(
            [outcome if isinstance(outcome, ServiceError) else _returned(outcome) for outcome in outcomes], errors
        )

    def _call_chunk(
        self, given: Sequence[tuple[MethodRef[Any], bytes | None]]
    ) -> Exchange[list[bytes | ServiceError | None]]:
        if len(given) > 1:
            methods = [method.descriptor for method, _ in given]
            return (yield from services.call_list(self.negotiated, methods, [octets or NULL for _, octets in given]))
        try:
            return [(yield from self._call_with(*given[0]))]
        except ServiceError as error:
            return [error]

    def call(self, method: MethodRef[T], argument: T | None = None, *, confirmed: bool = True) -> Exchange[Any]:
        """Invoke a method; what it returns, as plain values, or None; not `confirmed`, always None."""
        if not confirmed:
            yield from self._call_unconfirmed(method, argument_octets(argument, method))
            return None
        return _returned((yield from self.call_octets(method, argument)))

    def call_octets(self, method: MethodRef[T], argument: T | None = None) -> Exchange[bytes | None]:
        """Invoke a method; the octets of the Data that it returns, or None."""
        return (yield from self._call_with(method, argument_octets(argument, method)))

    def _call_with(self, method: MethodRef[Any], argument: bytes | None) -> Exchange[bytes | None]:
        if self.negotiated.short_names:
            return (yield from self._call_by_short_name(method, argument))
        return (yield from services.call(self.negotiated, method.descriptor, argument))

    def _call_unconfirmed(self, method: MethodRef[Any], argument: bytes | None) -> Exchange[None]:
        if not self.negotiated.short_names:
            yield from services.call_unconfirmed(self.negotiated, method.descriptor, argument)
            return
        variable = yield from self._base_names.method(self.negotiated, method)
        yield from short_names.write_unconfirmed(self.negotiated, [variable], [argument or NULL])

    def access(
        self,
        parts: Sequence[AccessPart],
        errors: Errors = "raise",
        *,
        break_on_error: bool = False,
        self_descriptive: bool = False,
        date_time: CosemDateTime | None = None,
    ) -> Exchange[tuple[Any, ...]]:
        """Several gets, sets and actions in one request; what each gives, None for a set.

        Errors are raised or left in their places as by `get_several`. `break_on_error` has the meter stop at the first
        one; the rest is NotProcessed.
        """
        given = [(part, NULL if part.kind == "get" else self._argument(part)) for part in parts]
        found = yield from access(
            self.negotiated,
            given,
            break_on_error=break_on_error,
            self_descriptive=self_descriptive,
            date_time=date_time,
        )
        outcomes = [self._accessed(part, octets) for part, octets in zip(parts, found, strict=True)]
        return settled(outcomes, errors)

    def _argument(self, part: AccessPart) -> bytes:
        if isinstance(part.ref, MethodRef):
            return argument_octets(part.value, part.ref) or NULL
        return octets_of(part.value, part.ref)

    def _accessed(self, part: AccessPart, octets: bytes | ServiceError) -> Any:
        if isinstance(octets, ServiceError):
            return octets
        if part.kind == "set":
            return None
        if isinstance(part.ref, AttributeRef):
            return value_of(octets, part.ref, self.misfits)
        return loads(octets)

    def _call_by_short_name(self, method: MethodRef[Any], argument: bytes | None) -> Exchange[bytes | None]:
        """Read with the argument as the parameter, which brings back what the method returns, or write it.

        A method is written where the meter takes no parameterised access or, by a quirk, takes methods so alone.
        """
        variable = yield from self._base_names.method(self.negotiated, method)
        argument = argument or NULL
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


def _returned(octets: bytes | None) -> Any:
    value = None if octets is None else loads(octets)
    return None if value is DONT_CARE else value  # with short names that is how jDLMS returns nothing


def settled(outcomes: list[Any], errors: Errors) -> tuple[Any, ...]:
    """All outcomes, or the first error with all of them attached."""
    results = tuple(outcomes)
    if errors == "raise":
        failed = next((outcome for outcome in results if isinstance(outcome, ServiceError)), None)
        if failed is not None:
            failed.results = results
            raise failed
    return results

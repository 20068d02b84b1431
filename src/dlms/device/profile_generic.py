"""A profile (class 7) that captures rows by itself, when its period is over, or when it is told to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.profile_buffer import ProfileBuffer
from dlms.association.server.rights import NULL_DATA
from dlms.association.server.work import Work
from dlms.cosem.classes import Clock, ProfileGeneric
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import CaptureObjectDefinition
from dlms.data import Array, Data, NullData, OctetString, Structure, dumps, loads
from dlms.device.clock import LiveClock, within
from dlms.device.part import begin, outcome
from dlms.device.scheduled import Scheduled
from dlms.enumerations import SortMethod
from dlms.logical_name import LogicalName
from dlms.service_errors import OtherReason, ServiceError

BUFFER: Final = 2
LONGEST_ROW: Final = 1 << 14
NO_SORT_OBJECT: Final = CaptureObjectDefinition(0, LogicalName("0.0.0.0.0.0"), 0, 0)


class LiveProfile(Scheduled):
    """Captures the values of other attributes into rows.

    `capture_objects` are attributes, or definitions with a data_index (counted from 1) for an element of one. Rows are
    captured every `capture_period` seconds, at whole multiples of it in local time, so that one of a day ends at
    midnight; 0 captures when `capture` is invoked only. A scheduled row bears the time that it was due at. What cannot
    be read is null-data. Writing one of the settings empties the buffer. Clients may write `profile_entries` up to what
    is given here, and capture no buffer; a row of more than LONGEST_ROW octets is not captured.
    """

    def __init__(
        self,
        device: LogicalDevice,
        profile: ProfileGeneric,
        capture_objects: Iterable[AttributeRef[Any] | CaptureObjectDefinition],
        *,
        clock: LiveClock,
        capture_period: int = 0,
        profile_entries: int = 1000,
        sort_method: SortMethod = SortMethod.FIFO,
        sort_object: AttributeRef[Any] | CaptureObjectDefinition | None = None,
    ) -> None:
        super().__init__(device, clock)
        self.profile = profile
        wanted = sort_object and _definition(sort_object)
        device[profile.capture_objects] = [_definition(of) for of in capture_objects]
        device[profile.capture_period] = capture_period
        device[profile.sort_method] = sort_method
        device[profile.sort_object] = wanted or NO_SORT_OBJECT
        device[profile.profile_entries] = profile_entries
        device[profile.entries_in_use] = lambda: len(self.buffer)
        device.on_get(profile.buffer, lambda selector, parameters: self.buffer.select(selector, parameters))
        device.on_set(profile.capture_objects, self._check)
        device.on_set(profile.profile_entries, lambda entries: within(entries, profile_entries))
        device.on_call(profile.reset, lambda _: self.buffer.clear())
        device.on_call(profile.capture, lambda _: outcome(self.capture()))
        self._octets = device.find(profile.class_id, profile.logical_name).octets
        self._described = self._description()
        self._buffer = self._empty()

    @property
    def buffer(self) -> ProfileBuffer:
        """The rows."""
        if self._described != self._description():
            self._described = self._description()
            self._buffer = self._empty()
        return self._buffer

    def capture(self, own: float | None = None) -> Work[None]:
        """Capture a row, as of a time of the device's clock, or of now."""
        at = self.clock.now() if own is None else own
        row: list[Data] = []
        length = 0
        buffer = self.buffer
        for of in buffer.capture_objects:
            octets = yield from self._octets_of(of, at)
            length += len(octets)
            if length > LONGEST_ROW:
                raise OtherReason(what=self.profile.logical_name)
            value = loads(octets, typed=True)
            row.append(element(value, of.data_index) if of.data_index else value)
        buffer.append(row)

    def _octets_of(self, of: CaptureObjectDefinition, own: float) -> Work[bytes]:
        if of.class_id == Clock.class_id and of.attribute_index == 2:
            return dumps(OctetString(self.clock.date_time(own).octets))
        try:
            return (yield from self.itself.octets(of.class_id, of.logical_name, of.attribute_index))
        except ServiceError:
            return NULL_DATA

    # ---- settings -------------------------------------------------------------------------------------------------

    def _description(self) -> tuple[bytes, ...]:
        return tuple(self._octets[number] for number in DESCRIPTION)

    def _empty(self) -> ProfileBuffer:
        device, profile = self.device, self.profile
        capture_objects = device[profile.capture_objects]
        sort_method, sort_object = device[profile.sort_method], device[profile.sort_object]
        entries: int = device[profile.profile_entries]
        return ProfileBuffer(
            capture_objects,
            [Data] * len(capture_objects),
            profile_entries=entries,
            # A client changes one after the other: until both fit, the rows are as they come.
            sort_method=sort_method if sort_object in capture_objects else _unsorted(sort_method),
            sort_object=sort_object,
        )

    def _check(self, capture_objects: Sequence[CaptureObjectDefinition]) -> None:
        """Before capture objects are written: they have to be there. Rows of rows would grow with every capture."""
        if not capture_objects:
            raise OtherReason
        for of in capture_objects:
            if (of.class_id, of.attribute_index) == (ProfileGeneric.class_id, BUFFER):
                raise OtherReason(what=of.logical_name)
            self.itself.find(of.class_id, of.logical_name)

    # ---- schedule -------------------------------------------------------------------------------------------------

    def settings(self) -> object:
        return self._octets[4]

    def next_after(self, own: float) -> float | None:
        period = self.device[self.profile.capture_period]
        return self.clock.local_time.next_multiple(own, period) if period else None

    def run(self, own: float) -> None:
        begin(self.device, self.capture(own))


DESCRIPTION: Final = (3, 4, 5, 6, 8)
"""The attributes that say what the rows are: when one changes, those that there are go."""


def element(value: Data, index: int) -> Data:
    """An element of an array or structure, counted from 1; null-data where there is none."""
    elements = value.elements if isinstance(value, (Array, Structure)) else ()
    return elements[index - 1] if 0 < index <= len(elements) else NullData()


def _unsorted(wanted: SortMethod) -> SortMethod:
    return wanted if wanted == SortMethod.LIFO else SortMethod.FIFO


def _definition(of: AttributeRef[Any] | CaptureObjectDefinition) -> CaptureObjectDefinition:
    if isinstance(of, AttributeRef):
        return CaptureObjectDefinition(of.class_id, of.logical_name, of.attribute_id, 0)
    return of

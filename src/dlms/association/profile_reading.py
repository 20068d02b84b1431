"""Reading a load profile: what is captured, the rows of a range of time, and going on where a lost link left off."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from dlms.apdu.get import SelectiveAccessDescriptor
from dlms.association.effects import Effect, Exchange, Progress
from dlms.association.objects import scaler_units
from dlms.association.selection import selective_access
from dlms.cosem.capture import capture_objects, column_name, is_clock
from dlms.cosem.classes import ProfileGeneric
from dlms.cosem.declare import InterfaceClass
from dlms.cosem.profile import Profile
from dlms.cosem.profile_plan import Nulls, Rules
from dlms.cosem.profile_stream import ProfileStream
from dlms.cosem.references import AttributeRef
from dlms.cosem.time_range import Bound, Moment, TimeRange
from dlms.cosem.types import CaptureObjectDefinition, EntryDescriptor, RangeDescriptor
from dlms.data import OctetString
from dlms.datetime import CosemDateTime, DeviationSign
from dlms.enumerations import Conformance, SortMethod
from dlms.errors import ConfigurationError, DecodeError, DlmsError, EncodeError, ProtocolError
from dlms.logical_name import LogicalName
from dlms.service_errors import (
    DataBlockNumberInvalid,
    DataBlockUnavailable,
    HardwareFault,
    LongTransferAborted,
    NoLongTransferInProgress,
    ServiceError,
    TemporaryFailure,
)
from dlms.units import ScalerUnit

if TYPE_CHECKING:
    from dlms.association.client import ClientAssociation

Access: TypeAlias = Literal["range", "entry", "all"]
"""How rows are chosen: by the meter from a range of time, by the meter from numbers, or here from all rows."""

NO_REFUSAL: Final = (
    HardwareFault, TemporaryFailure, DataBlockUnavailable, DataBlockNumberInvalid, LongTransferAborted,
    NoLongTransferInProgress,
)  # fmt: skip
"""What another form of access would not help against."""
FIRST, LAST = (
    CosemDateTime(year=2000, month=1, day=1, hour=0, minute=0, second=0),
    CosemDateTime(year=2099, month=12, day=31, hour=23, minute=59, second=59),
)
"""What stands for an end that a range does not have: meters want both."""


@dataclass(frozen=True, slots=True)
class ProfileStructure:
    """What a meter says of a profile besides its rows; it changes with the meter's configuration only.

    `scaler_units` is in the order of the capture objects, None where one has none.
    """

    capture_objects: tuple[CaptureObjectDefinition, ...]
    scaler_units: tuple[ScalerUnit | None, ...]
    capture_period: int | None
    sort_method: SortMethod | None

    @property
    def clock(self) -> int | None:
        """The position of the time of the row."""
        return next((position for position, of in enumerate(self.capture_objects) if is_clock(of)), None)


@lru_cache(maxsize=64)
def _rules(structure: ProfileStructure, positions: tuple[int, ...], nulls: Nulls, sign: DeviationSign) -> Rules:
    """How the octets of some columns are meant; kept, since a profile is read again and again."""
    return Rules(
        [structure.capture_objects[position] for position in positions],
        [structure.scaler_units[position] for position in positions],
        structure.capture_period,
        structure.sort_method,
        nulls,
        sign,
    )


def profile_object(profile: InterfaceClass | AttributeRef[Any] | str | bytes) -> ProfileGeneric:
    """The profile that is meant: an object, the address of its buffer, or its logical name."""
    if isinstance(profile, (InterfaceClass, AttributeRef)):
        if profile.class_id != ProfileGeneric.class_id:
            raise ConfigurationError(f"{profile} is no profile generic")
        return ProfileGeneric(bytes(profile.logical_name))
    return ProfileGeneric(profile)


def profile_structure(association: ClientAssociation, profile: ProfileGeneric) -> Exchange[ProfileStructure]:
    """Capture objects, scalers, period and order of a profile: read once in an association, then remembered."""
    known = association.profile_structures.get(profile.logical_name)
    if known is None:
        wanted = (profile.capture_objects, profile.capture_period, profile.sort_method)
        captured, period, order = yield from association.get_several(wanted, "return")
        if isinstance(captured, ServiceError):
            raise captured
        captures = _captures_of(captured)
        refs = [AttributeRef(of.class_id, bytes(of.logical_name), of.attribute_index) for of in captures]
        units = yield from scaler_units(association, refs)
        known = ProfileStructure(
            captures,
            tuple(None if of.data_index else unit for of, unit in zip(captures, units, strict=True)),
            period if isinstance(period, int) else None,
            SortMethod(order) if isinstance(order, int) else None,
        )
        association.profile_structures[profile.logical_name] = known
    return known


def _captures_of(value: Any) -> tuple[CaptureObjectDefinition, ...]:
    if not isinstance(value, (list, tuple)):
        raise ProtocolError(f"expected an array of capture objects, got {type(value).__name__}")
    try:
        return capture_objects(value)
    except ConfigurationError as error:
        raise ProtocolError(f"the meter's capture objects are none: {error}") from error


class ProfileReading:
    """One reading of the rows of a profile in [start, stop).

    `run` is the exchange. After it was broken off by a lost link, `run` in a new association goes on behind the last
    whole row that came, oldest or newest first, by a range of time. It reads all again where there are no times to go
    by, where the meter takes no ranges, and where rows were asked for by entry: their numbers may have shifted since.
    """

    def __init__(
        self,
        profile: InterfaceClass | AttributeRef[Any] | str | bytes,
        start: Moment | None = None,
        stop: Moment | None = None,
        *,
        columns: Iterable[Any] | None = None,
        tz: datetime.tzinfo | None = None,
        access: Access = "range",
        structure: ProfileStructure | None = None,
        nulls: Literal["repeat", "missing"] = "repeat",
        deviation_sign: DeviationSign = "standard",
    ) -> None:
        if access not in ("range", "entry", "all"):
            raise ConfigurationError(f"access is 'range', 'entry' or 'all', not {access!r}")
        if isinstance(columns, (str, bytes)):
            raise ConfigurationError(f"columns are a list of names, not the text {columns!r:.80}")
        self._profile = profile_object(profile)
        self._range = TimeRange.of(start, stop, tz=tz, deviation_sign=deviation_sign)
        self._columns = None if columns is None else list(columns)
        self._access: Access = access
        self._structure = structure
        self._nulls = nulls
        self._deviation_sign: DeviationSign = deviation_sign
        self._stream: ProfileStream | None = None  # of the answer that is arriving
        self._captures: tuple[int, ...] = ()  # positions of the capture objects that were asked for
        self._rest = self._range  # what was not read yet
        self._parts: list[Profile] = []
        self._resumable = False

    def run(self, association: ClientAssociation) -> Exchange[Profile]:
        """The rows, in the order in which the meter sends them.

        ServiceError where the meter refuses to send even all rows; ConfigurationError where rows cannot be chosen:
        the profile has no times, or columns are named that it has not.
        """
        self._keep_whole_rows()
        if self._structure is None:
            self._structure = yield from profile_structure(association, self._profile)
        wanted = self._wanted(self._structure)
        if self._range and self._structure.clock is None:
            raise ConfigurationError(f"{self._profile} captures no time: read it without a range")
        rows: Profile | None = None
        if self._range or self._rest or wanted is not None:
            rows = yield from self._selected(association, self._structure, wanted)
        if rows is None:
            every = tuple(range(len(self._structure.capture_objects)))
            self._parts, self._rest = [], self._range
            self._captures, self._resumable = every, self._goes_by_time(self._structure)
            rows = self._within((yield from self._read(association, None, every)), without_time=False)
            self._resumable = False
        return rows if wanted is None else _of_positions(rows, wanted)

    def _goes_by_time(self, structure: ProfileStructure) -> bool:
        """Whether what is left of all rows may be asked for by a range, their order being that of time."""
        ordered = structure.sort_method in (None, SortMethod.FIFO, SortMethod.LIFO)
        return self._access == "range" and structure.clock is not None and ordered

    # ---- by the meter ---------------------------------------------------------------------------------------------

    def _selected(
        self, association: ClientAssociation, structure: ProfileStructure, wanted: tuple[int, ...] | None
    ) -> Exchange[Profile | None]:
        """The rows as the meter chose them; None where it cannot."""
        negotiated = association.negotiated
        needed = Conformance.PARAMETERIZED_ACCESS if negotiated.short_names else Conformance.SELECTIVE_ACCESS
        if self._access == "all" or not negotiated.allows(needed):
            return None
        try:
            if self._access == "entry":
                return (yield from self._by_entry(association, structure, wanted))
            if structure.clock is None:
                return None
            return (yield from self._by_range(association, structure, wanted))
        except NO_REFUSAL:
            raise
        except ServiceError:
            self._stream = None
            self._parts, self._rest = [], self._range
            return None

    def _by_range(
        self, association: ClientAssociation, structure: ProfileStructure, wanted: tuple[int, ...] | None
    ) -> Exchange[Profile]:
        clock = structure.clock
        assert clock is not None  # noqa: S101  # _selected looked
        captures = structure.capture_objects
        positions = tuple(range(len(captures))) if wanted is None else wanted
        descriptor = RangeDescriptor(
            restricting_object=captures[clock],
            from_value=_told(self._rest.start, FIRST, -(structure.capture_period or 0)),
            to_value=_told(self._rest.stop, LAST, 0),
            selected_values=[] if wanted is None else [captures[position] for position in wanted],
        )
        self._captures, self._resumable = positions, True
        selection = selective_access(self._profile.buffer, descriptor)
        rows = yield from self._read(association, selection, positions)
        self._resumable = False
        rows = self._within(rows, without_time=True, of=self._rest)
        return Profile.concat([*self._parts, rows]) if self._parts else rows

    def _by_entry(
        self, association: ClientAssociation, structure: ProfileStructure, wanted: tuple[int, ...] | None
    ) -> Exchange[Profile | None]:
        """Entries are numbered from 1 in the order of the buffer; the range is found by bisection, so the clock must
        not have been set back within it.
        """
        count = yield from association.get(self._profile.entries_in_use)
        if not isinstance(count, int):
            raise ProtocolError(f"expected the number of entries in use, got {type(count).__name__}")
        low, high = 1, count
        falling = structure.sort_method == SortMethod.LIFO
        if self._range and structure.sort_method not in (None, SortMethod.FIFO, SortMethod.LIFO):
            return None  # the order is not that of time
        ends = (self._range.stop, self._range.start) if falling else (self._range.start, self._range.stop)
        if ends[0] is not None:
            low = yield from self._first_entry(association, low, high, ends[0], falling=falling)
        if ends[1] is not None:
            high = (yield from self._first_entry(association, low, high, ends[1], falling=falling)) - 1
        positions = tuple(range(len(structure.capture_objects)))
        if high < low:  # an empty profile of the right columns
            return (yield from self._entries(association, 1, 1, positions)).take(slice(0)) if count else None
        return self._within((yield from self._entries(association, low, high, positions)), without_time=True)

    def _first_entry(
        self, association: ClientAssociation, low: int, high: int, bound: Bound, *, falling: bool
    ) -> Exchange[int]:
        """The first entry at or after `bound` (falling: before it); one above `high` where there is none."""
        positions = tuple(range(len(self._structure.capture_objects))) if self._structure is not None else ()
        behind = TimeRange(None, bound) if falling else TimeRange(bound, None)
        while low <= high:
            middle = (low + high) // 2
            row = yield from self._entries(association, middle, middle, positions)
            if behind.chosen(row, without_time=False).any():
                high = middle - 1
            else:
                low = middle + 1
        return low

    def _entries(
        self, association: ClientAssociation, low: int, high: int, positions: tuple[int, ...]
    ) -> Exchange[Profile]:
        descriptor = EntryDescriptor(from_entry=low, to_entry=high, from_selected_value=1, to_selected_value=0)
        return (yield from self._read(association, selective_access(self._profile.buffer, descriptor), positions))

    # ---- octets and rows ------------------------------------------------------------------------------------------

    def _read(
        self, association: ClientAssociation, selection: SelectiveAccessDescriptor | None, positions: Sequence[int]
    ) -> Exchange[Profile]:
        """The rows that come, as columns of the capture objects at `positions`, or of all where the meter sends all."""
        self._stream = stream = self._columns_of(positions)
        exchange = association.get_octets(self._profile.buffer, selection, stream.feed)
        yield from self._told_in_rows(exchange, stream) if association.tells_progress else exchange
        self._stream = None
        rows = stream.finish()
        return rows if self._is_of(rows, positions) else self._again(stream).finish()

    def _told_in_rows(self, exchange: Exchange[bytes], stream: ProfileStream) -> Exchange[None]:
        """The exchange, with its progress told in rows, those of before a lost link among them."""
        before = sum(map(len, self._parts))
        proceed: Callable[[Any], Effect] = exchange.send
        given: Any = None
        while True:
            try:
                effect = proceed(given)
            except StopIteration:
                break
            if isinstance(effect, Progress):
                expected = stream.expected_rows
                effect.done, effect.total = before + stream.rows, None if expected is None else before + expected
            try:
                given, proceed = (yield effect), exchange.send
            except DlmsError as error:
                given, proceed = error, exchange.throw
        yield Progress(before + stream.rows, before + stream.rows)

    def _columns_of(self, positions: Sequence[int]) -> ProfileStream:
        structure = self._structure
        assert structure is not None  # noqa: S101  # run read it
        return ProfileStream(_rules(structure, tuple(positions), self._nulls, self._deviation_sign))

    def _is_of(self, rows: Profile, positions: Sequence[int]) -> bool:
        """Whether the rows hold what was asked for, and not everything instead."""
        everything = 0 if self._structure is None else len(self._structure.capture_objects)
        return len(positions) == everything or _width(rows) != everything

    def _again(self, stream: ProfileStream) -> ProfileStream:
        """The same octets as columns of all capture objects."""
        again = self._columns_of(range(0 if self._structure is None else len(self._structure.capture_objects)))
        again.feed(stream.octets)
        return again

    def _within(self, rows: Profile, *, without_time: bool, of: TimeRange | None = None) -> Profile:
        chosen = self._range if of is None else of
        if not chosen or not len(rows):
            return rows
        return rows.take_where(chosen.chosen(rows, without_time=without_time))

    def _keep_whole_rows(self) -> None:
        """What arrived before the link was lost stays, up to its last whole row; the rest is asked for anew."""
        stream, resumable = self._stream, self._resumable
        self._stream, self._resumable = None, False
        if stream is None or not resumable:
            return
        try:
            rows = stream.front()
            if not self._is_of(rows, self._captures):
                rows = self._again(stream).front()
            rows = self._within(rows, without_time=True, of=self._rest)
        except DecodeError:
            return
        split = _split(rows, self._rest)
        if split is not None:
            kept, self._rest = split
            self._parts.append(kept)

    def _wanted(self, structure: ProfileStructure) -> tuple[int, ...] | None:
        """Positions of the capture objects that were named, and of the clock; None for all."""
        if self._columns is None:
            return None
        wanted = {structure.clock} if structure.clock is not None else set()
        for name in self._columns:
            found = [position for position, of in enumerate(structure.capture_objects) if _means(name, of)]
            if not found:
                raise ConfigurationError(f"{self._profile} captures no {name!r}")
            wanted.update(found)
        return tuple(sorted(wanted))


def _told(bound: Bound | None, otherwise: CosemDateTime, seconds: int) -> OctetString:
    """An end of a range as it is sent, moved so many seconds."""
    moment = otherwise if bound is None else bound.moved(seconds).moment if seconds else bound.moment
    return OctetString(moment.octets)


def _means(name: Any, capture: CaptureObjectDefinition) -> bool:
    """Whether a column that a caller names is this one: by its name, its object, its address or its logical name."""
    if isinstance(name, str) and column_name(capture) == name:
        return True
    if isinstance(name, (str, bytes)):
        try:
            return capture.logical_name == LogicalName(name)
        except EncodeError:
            return False
    if isinstance(name, AttributeRef):
        return name == AttributeRef(capture.class_id, bytes(capture.logical_name), capture.attribute_index)
    if isinstance(name, InterfaceClass):
        return (name.class_id, name.logical_name) == (capture.class_id, capture.logical_name)
    return bool(name == capture)


def _width(rows: Profile) -> int:
    return len({column.path[:1] for column in rows.plan.columns})


def _of_positions(rows: Profile, positions: Sequence[int]) -> Profile:
    """The columns of some capture objects, where the meter sent those of more."""
    if _width(rows) <= len(positions):
        return rows
    paths = [column.path for column in rows.plan.columns]
    kept = [name for name, path in zip(rows.plan.names, paths, strict=True) if (path or (0,))[0] in set(positions)]
    return rows.select(kept)


def _split(rows: Profile, wanted: TimeRange) -> tuple[Profile, TimeRange] | None:
    """What is kept of rows that were cut off, and the range of what is still to be read.

    The last time that came is read again with all its rows, so that none is lost and none comes twice. None where the
    times do not tell: fewer than two, or one that is no time.
    """
    if rows.clock is None or len(rows) < 2 or rows.time_basis_of(rows.clock) == "mixed":
        return None
    times = rows.columns[rows.clock]
    rising, falling = bool((times[:-1] <= times[1:]).all()), bool((times[:-1] >= times[1:]).all())
    last = times[-1]
    if rising is falling:  # in no order of time, all of one time, or without
        return None
    milliseconds = int(last.astype("datetime64[ms]").astype("int64"))
    bound = _bound_at(rows, milliseconds, wanted.start or wanted.stop)
    if bound is None:
        return None
    rest = TimeRange(bound, wanted.stop) if rising else TimeRange(wanted.start, bound.moved(1))
    return rows.take_where(~rest.chosen(rows, without_time=False)), rest


def _bound_at(rows: Profile, milliseconds: int, known: Bound | None) -> Bound | None:
    """The time of a row as an end of a range, told as the ends are that are `known`, else as the meter tells it."""
    assert rows.clock is not None  # noqa: S101  # _split looked
    in_utc = rows.time_basis_of(rows.clock) == "utc"
    if known is None:
        if not in_utc:
            return Bound(CosemDateTime.from_epoch_milliseconds(milliseconds, deviation=None), None, milliseconds)
        known = Bound.of(datetime.datetime.fromtimestamp(0, datetime.UTC), None, "standard")
    basis = known.utc if in_utc else known.local
    if basis is None:
        return None
    seconds, odd = divmod(milliseconds - basis, 1000)
    return None if odd else known.moved(seconds)

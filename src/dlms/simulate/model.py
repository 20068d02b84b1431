"""What a model of meter is: a declaration of its objects and of the clients that it serves.

    EUROPEAN = Model(
        name="european",
        title="European three-phase meter",
        ...
        registers=(MeasuredRegister("1.0.1.8.0.255", Supply.energy_import, DoubleLongUnsigned, 0, Unit.WATT_HOUR), ...),
        profiles=(DeclaredProfile("1.0.99.1.0.255", every(900), 35_040, (CLOCK, STATUS, "1.0.1.8.0.255", ...)), ...),
    )

`more` adds to a device what tables cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeAlias

from dlms.data import Data, Unsigned
from dlms.enumerations import MethodAccessV3
from dlms.server import READ_AND_WRITE, ServedClient
from dlms.simulate.captures import Captures, EveryDay, EveryMonth, EveryPeriod
from dlms.simulate.noise import Reals, Seconds
from dlms.simulate.supply import Supply
from dlms.simulate.zone import Zone
from dlms.units import Unit

if TYPE_CHECKING:
    from dlms.simulate.meter import SimulatedMeter

Measure: TypeAlias = Callable[[Supply, Seconds], Reals]
"""A quantity of the supply in its base unit at some points in time, as the methods of Supply are."""
Schedule: TypeAlias = Callable[[int, Zone], Captures]
"""(when the meter began, its zone) -> when rows are captured."""

CLOCK: Final = "0.0.1.0.0.255"
PUBLIC_CLIENT: Final = 16


@dataclass(frozen=True, slots=True)
class MeasuredRegister:
    """A register (class 3, or 4 if `extended`) of a quantity, as `type` in 10^scaler of `unit`."""

    logical_name: str
    measure: Measure
    type: type[Data]
    scaler: int
    unit: Unit
    extended: bool = False


@dataclass(frozen=True, slots=True)
class DeclaredProfile:
    """A profile: when rows are captured (with the period that attribute 4 states), how many are kept, what is in them.

    A column is the clock (or `time`, a Register in its place), the profile status (`status`, a Data object of flags),
    or a register of the model.
    """

    logical_name: str
    schedule: Schedule
    capture_period: int
    entries: int
    columns: tuple[str, ...]
    status: str = ""
    time: str = CLOCK


@dataclass(frozen=True, slots=True)
class DeclaredEventLog:
    """An event log: rows of clock, event code (a Data object of `type`) and registers, `gap` days apart on average.

    `codes`: each event code that comes by itself, and its weight.
    """

    logical_name: str
    code: str
    codes: Mapping[int, float]
    gap: float
    entries: int = 100
    registers: tuple[str, ...] = ()
    type: type[Data] = Unsigned


@dataclass(frozen=True, slots=True)
class DeclaredPush:
    """What a meter sends at every whole multiple of `period` seconds: the notification-body of a data-notification."""

    period: float
    body: Callable[[SimulatedMeter], Data]


class Happening(Enum):
    """What a simulated meter writes into its event logs."""

    POWER_DOWN = auto()
    POWER_UP = auto()
    CLOCK_BEFORE = auto()
    """The clock was set: the time that it left."""
    CLOCK_AFTER = auto()
    DISCONNECTED = auto()
    RECONNECTED = auto()


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """The keys of simulated meters. They are printed, and known to everybody: they protect nothing."""

    encryption_key: str = "000102030405060708090A0B0C0D0E0F"
    authentication_key: str = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
    master_key: str = "404142434445464748494A4B4C4D4E4F"
    password: str = "12345678"  # noqa: S105  # of a simulated meter


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model of meter. `a_day` and `sun` are those of Supply; `profile` is what a demonstration reads first.

    A model with `pushes` listens to nobody: whoever connects is sent these.
    """

    name: str
    title: str
    manufacturer: str
    zone: Zone
    profile: str
    clients: Callable[[KnownKeys], tuple[ServedClient, ...]]
    registers: tuple[MeasuredRegister, ...]
    profiles: tuple[DeclaredProfile, ...] = ()
    event_logs: tuple[DeclaredEventLog, ...] = ()
    pushes: tuple[DeclaredPush, ...] = ()
    happenings: Mapping[Happening, tuple[str, int]] = field(default_factory=dict)
    """What is logged: in which log, with which code."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Data objects that hold a text; `{serial}` stands for the serial number."""
    a_day: float = 9_000.0
    sun: float = 0.0
    phases: int = 3
    nominal_voltage: float = 230.0
    more: Callable[[SimulatedMeter], None] = lambda meter: None

    def client(self, keys: KnownKeys) -> ServedClient | None:
        """The client that may do the most; it is the one that is advertised. None where clients are not served."""
        return next((client for client in self.clients(keys) if client.can_cipher), None)


def managing_client(sap: int, keys: KnownKeys) -> ServedClient:
    """A client with GMAC and ciphering, which may do everything."""
    return ServedClient(
        sap,
        authentication="hls-gmac",
        policy="authenticated+encrypted",
        encryption_key=keys.encryption_key,
        authentication_key=keys.authentication_key,
        master_key=keys.master_key,
        attributes=READ_AND_WRITE,
        methods=MethodAccessV3.ACCESS,
    )


def every(seconds: int) -> Schedule:
    """A row every so many seconds."""
    return lambda origin, zone: EveryPeriod(origin, seconds)


daily: Final[Schedule] = EveryDay
monthly: Final[Schedule] = EveryMonth

"""One simulated meter: a logical device made of a model's declaration, whose values follow from seed and time."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cached_property
from typing import Final

import numpy as np

from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import Clock, Data, ExtendedRegister, ProfileGeneric, Register
from dlms.cosem.interval_status import IntervalStatus
from dlms.cosem.types import CaptureObjectDefinition
from dlms.data import Data as DataValue
from dlms.data import DoubleLongUnsigned, LongUnsigned, OctetString, Unsigned
from dlms.device.clock import LiveClock
from dlms.enumerations import SortMethod
from dlms.security.counters import counter_name
from dlms.security.settings import Security
from dlms.simulate.captures import Captures
from dlms.simulate.computed_profile import ComputedColumn, ComputedProfile, Values, seconds_of
from dlms.simulate.counters import SimulatedCounters
from dlms.simulate.events import Events
from dlms.simulate.faults import Faults
from dlms.simulate.model import (
    CLOCK,
    DeclaredEventLog,
    DeclaredProfile,
    Happening,
    KnownKeys,
    MeasuredRegister,
    Model,
)
from dlms.simulate.noise import Seconds, noise, seed_of
from dlms.simulate.supply import Supply
from dlms.transport.url import with_options
from dlms.units import ScalerUnit, Unit

ORIGIN: Final = 1_577_836_800
"""2020-01-01T00:00Z: when simulated meters began to count."""
SECURITY: Final = {field.name for field in fields(Security)} - {"counters"}
KEYS: Final = ("encryption_key", "authentication_key", "master_key")
CLIENT_SYSTEM_TITLE: Final = "4D4D4D0000000001"
WIDTHS: Final[dict[type[DataValue], int]] = {Unsigned: 8, LongUnsigned: 16, DoubleLongUnsigned: 32}
"""The bits of types that meters count in."""
POWER_DOWN_PART: Final = 0.0005
"""The part of intervals in which the power went."""


class SimulatedMeter:
    """Meter `number` (from 1) of a simulation. `device` is its logical device: values may be changed at any time.

    `time` gives the world's time in seconds since 1970; `sap` is that of the logical device.
    """

    def __init__(
        self, model: Model, number: int = 1, *, seed: int = 0, time: Callable[[], float], sap: int = 1,
        keys: KnownKeys | None = None, faults: Faults | None = None,
    ) -> None:  # fmt: skip
        self.model = model
        self.number = number
        self.seed = seed_of(seed, model.name, number)
        self.sap = sap
        self.keys = keys or KnownKeys()
        self.serial_number = f"{number + 10_000_000:08d}"
        self.url = ""
        """Where it listens; empty until it does."""
        self.start = time()
        self.faults = faults or Faults()
        """What is wrong with it; may be changed at any time."""
        self.counters = SimulatedCounters(self.faults, origin=ORIGIN, start=self.start)
        self._time = time
        self.random = random.Random(self.seed)  # noqa: S311  # a simulated meter does the same for the same seed

    @property
    def name(self) -> str:
        """The logical device name."""
        return f"{self.model.manufacturer}{self.serial_number:0>13}"

    @property
    def system_title(self) -> bytes:
        """Its system title: the manufacturer's letters and the number."""
        return self.model.manufacturer.encode("ascii") + self.number.to_bytes(5, "big")

    def now(self) -> float:
        """The time by the meter's own clock, in seconds since 1970."""
        return self.clock.now()

    @property
    def clock(self) -> LiveClock:
        """Its clock, which clients may set."""
        return self._core[1]

    @cached_property
    def _core(self) -> tuple[LogicalDevice, LiveClock]:
        """The logical device and its clock, before there is anything else."""
        zone, clock = self.model.zone, Clock(CLOCK)
        device = LogicalDevice(
            self.name, sap=self.sap, system_title=self.system_title, clients=self.model.clients(self.keys),
            counters=self.counters,
        )  # fmt: skip
        live = device.install(
            LiveClock(
                device, clock, time=self._time, time_zone=-zone.standard, daylight_savings_enabled=zone.daylight_saving
            )
        )
        live.adjusted.append(self._clock_adjusted)
        if zone.deviation_sign == "reversed":
            device[clock.time] = lambda: zone.moment(live.now())
            device[clock.time_zone] = zone.standard
            device.on_set(clock.time, lambda value: live.set(seconds_of(value, zone)))
        return device, live

    def _clock_adjusted(self, before: float, after: float) -> None:
        self.happened(Happening.CLOCK_BEFORE, before)
        self.happened(Happening.CLOCK_AFTER, after)

    def happened(self, what: Happening, at: float | None = None) -> None:
        """Write into the log what happened, now or at some time; a model that does not log it keeps silent."""
        log = self.model.happenings.get(what)
        if log is not None:
            name, code = log
            self.events[name].record(self.now() if at is None else at, code)

    @cached_property
    def supply(self) -> Supply:
        """What flows through it."""
        model = self.model
        return Supply(
            self.seed, origin=ORIGIN, zone=60 * model.zone.standard, a_day=model.a_day, sun=model.sun,
            phases=model.phases, nominal_voltage=model.nominal_voltage,
        )  # fmt: skip

    @cached_property
    def events(self) -> dict[str, Events]:
        """Each event log by its logical name."""
        return {
            log.logical_name: Events(
                seed_of(self.seed, log.logical_name),
                log.codes,
                gap=log.gap,
                origin=ORIGIN,
                start=self.start,
                entries=log.entries,
            )
            for log in self.model.event_logs
        }

    @cached_property
    def device(self) -> LogicalDevice:
        """The logical device, made when it is first asked for."""
        device = self._core[0]
        self.__dict__["device"] = device  # what follows asks for it
        for name, text in self.model.texts.items():
            device[Data(name).value] = OctetString(text.format(serial=self.serial_number).encode("ascii"))
        for register in self.model.registers:
            self._add_register(device, register)
        for log in self.model.event_logs:
            self._add_event_log(device, log)
        for profile in self.model.profiles:
            self._add_profile(device, profile)
        self.model.more(self)
        return device

    # ---- for clients ----------------------------------------------------------------------------------------------

    @property
    def description(self) -> Mapping[str, str]:
        """The entries of the TOML file with which a client gets in as the client that may do the most; only the URL
        where clients are not served."""
        advertised = self.model.client(self.keys)
        if advertised is None:
            return {"url": self.url}
        client = self.device.clients[advertised.sap]  # its keys may have been changed
        return {
            "url": with_options(self.url, client=client.sap, server=self.sap),
            "authentication": client.authentication.name.lower().replace("_", "-"),
            "policy": "authenticated+encrypted",
            "client_system_title": CLIENT_SYSTEM_TITLE,
            **{name: key.reveal().hex().upper() for name in KEYS if (key := getattr(client, name)) is not None},
            "counters": "simulated-meters.sqlite",
        }

    @property
    def security(self) -> Security:
        """What a client has to have to get in."""
        return Security.from_mapping(
            {key: value for key, value in self.description.items() if key in SECURITY}, "meter"
        )

    def prepared_security(self) -> Security:
        """The same for a client that starts anew: its counter stands above those that this meter has seen."""
        security = self.security
        key, title = security.encryption_key, security.client_system_title
        if key is not None and title is not None:
            name = counter_name(title, key)
            security.counters.advance_to(name, (self.counters.received(name) or 0) + 1)
        return security

    # ---- objects --------------------------------------------------------------------------------------------------

    def _add_register(self, device: LogicalDevice, declared: MeasuredRegister) -> None:
        raw = self.raw(declared)

        def value() -> DataValue:
            of: Callable[[int], DataValue] = declared.type
            return of(int(raw(np.array([int(self.now())]), NO_NUMBERS)[0]))

        if declared.extended:
            extended = ExtendedRegister(declared.logical_name)
            device[extended.value] = value
            device[extended.scaler_unit] = ScalerUnit(declared.scaler, declared.unit)
            device[extended.status] = Unsigned(0)
            device[extended.capture_time] = lambda: self.model.zone.moment(self.now() // 3600 * 3600)
        else:
            register = Register(declared.logical_name)
            device[register.value] = value
            device[register.scaler_unit] = ScalerUnit(declared.scaler, declared.unit)

    def raw(self, declared: MeasuredRegister) -> Values:
        """The values of a register as it sends them: what counts beyond its type begins again at 0."""
        modulus = 1 << WIDTHS.get(declared.type, 63)

        def values(times: Seconds, numbers: Seconds) -> Seconds:
            raw = np.floor(declared.measure(self.supply, times) * 10.0**-declared.scaler).astype(np.int64)
            return np.asarray(raw % modulus)

        return values

    @cached_property
    def _registers(self) -> dict[str, MeasuredRegister]:
        return {register.logical_name: register for register in self.model.registers}

    def _add_profile(self, device: LogicalDevice, declared: DeclaredProfile) -> None:
        captures, zone = declared.schedule(ORIGIN, self.model.zone), self.model.zone
        columns = []
        for name in declared.columns:
            if name == CLOCK:
                columns.append(CLOCK_COLUMN)
            elif name == declared.time:
                self._add_last_capture(device, name, captures)
                columns.append(ComputedColumn(_captured(Register.class_id, name), OctetString))
            elif name == declared.status:
                device[Data(name).value] = Unsigned(0)
                columns.append(ComputedColumn(_captured(Data.class_id, name), Unsigned, self._status))
            else:
                columns.append(self._column(self._registers[name]))
        profile = ComputedProfile(columns, captures, entries=declared.entries, zone=zone, now=self.now)
        self.add_profile(device, declared.logical_name, profile, declared.capture_period, declared.entries)

    def _add_last_capture(self, device: LogicalDevice, name: str, captures: Captures) -> None:
        """A register of the time of the last row."""

        def last() -> OctetString:
            rows = captures.count(self.now())
            return OctetString(self.model.zone.moment(int(captures.times(rows - 1, rows)[0])).octets)

        of = Register(name)
        device[of.value] = last
        device[of.scaler_unit] = ScalerUnit(0, Unit.COUNT)

    def _column(self, register: MeasuredRegister) -> ComputedColumn:
        class_id = ExtendedRegister.class_id if register.extended else Register.class_id
        return ComputedColumn(_captured(class_id, register.logical_name), register.type, self.raw(register))

    def _add_event_log(self, device: LogicalDevice, declared: DeclaredEventLog) -> None:
        events = self.events[declared.logical_name]
        of: Callable[[int], DataValue] = declared.type
        device[Data(declared.code).value] = lambda: of(events.last_code(self.now()))
        code = ComputedColumn(
            _captured(1, declared.code), declared.type, lambda times, numbers: events.codes_of(numbers)
        )
        columns = [CLOCK_COLUMN, code, *(self._column(self._registers[name]) for name in declared.registers)]
        profile = ComputedProfile(columns, events, entries=declared.entries, zone=self.model.zone, now=self.now)
        self.add_profile(device, declared.logical_name, profile, 0, declared.entries)

    @staticmethod
    def add_profile(device: LogicalDevice, name: str, profile: ComputedProfile, period: int, entries: int) -> None:
        """Serve computed rows as a profile generic."""
        of = ProfileGeneric(name)
        device[of.buffer] = profile
        device[of.capture_objects] = list(profile.capture_objects)
        device[of.capture_period] = period
        device[of.sort_method] = SortMethod.FIFO
        device[of.sort_object] = profile.capture_objects[0]
        device[of.entries_in_use] = profile.entries_in_use
        device[of.profile_entries] = entries
        device.on_call(of.reset, lambda _: profile.reset())

    def _status(self, times: Seconds, numbers: Seconds) -> Seconds:
        saving = IntervalStatus.DST * self.model.zone.is_daylight_saving(times)
        power_down = IntervalStatus.PDN * (noise(self.seed + 5, times // 900) < POWER_DOWN_PART)
        return np.asarray(saving + power_down, np.int64)


def _captured(class_id: int, name: str) -> CaptureObjectDefinition:
    return CaptureObjectDefinition(class_id, Data(name).logical_name, 2, 0)


CLOCK_COLUMN: Final = ComputedColumn(_captured(8, CLOCK), OctetString)
NO_NUMBERS: Final = np.zeros(1, np.int64)

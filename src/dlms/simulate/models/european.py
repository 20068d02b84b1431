"""A European three-phase meter in the manner of IDIS: quarter hours, two tariffs, feed-in, events, a disconnector."""

from __future__ import annotations

from functools import partial
from typing import Final

from dlms.data import DoubleLongUnsigned, LongUnsigned
from dlms.server import ServedClient
from dlms.simulate.equipment import add_disconnector, add_firmware, add_push, add_security, add_tariffs
from dlms.simulate.meter import SimulatedMeter
from dlms.simulate.model import (
    CLOCK,
    PUBLIC_CLIENT,
    DeclaredEventLog,
    DeclaredProfile,
    Happening,
    KnownKeys,
    MeasuredRegister,
    Model,
    daily,
    every,
    managing_client,
)
from dlms.simulate.supply import Supply
from dlms.simulate.zone import Zone
from dlms.units import Unit

MANAGEMENT_CLIENT: Final = 1
STATUS: Final = "0.0.96.10.1.255"
IMPORT, EXPORT = "1.0.1.8.0.255", "1.0.2.8.0.255"


def clients(keys: KnownKeys) -> tuple[ServedClient, ...]:
    """Management with GMAC and ciphering; the public client without anything, for what opens the others' way."""
    return (
        managing_client(MANAGEMENT_CLIENT, keys),
        ServedClient(PUBLIC_CLIENT),
    )


def equip(meter: SimulatedMeter) -> None:
    """Security setup, switch, firmware, tariffs, push."""
    add_security(meter, MANAGEMENT_CLIENT)
    add_disconnector(meter)
    add_firmware(meter)
    add_tariffs(meter)
    add_push(meter, "0.1.25.9.0.255", [(1, "0.0.96.1.0.255", 2), (8, CLOCK, 2), (3, IMPORT, 2), (3, EXPORT, 2)])


REGISTERS: Final = (
    MeasuredRegister(IMPORT, Supply.energy_import, DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister("1.0.1.8.1.255", partial(Supply.energy_import, tariff=1), DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister("1.0.1.8.2.255", partial(Supply.energy_import, tariff=2), DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister(EXPORT, Supply.energy_export, DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister("1.0.2.8.1.255", partial(Supply.energy_export, tariff=1), DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister("1.0.2.8.2.255", partial(Supply.energy_export, tariff=2), DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister("1.0.3.8.0.255", Supply.reactive_energy_import, DoubleLongUnsigned, 0, Unit.VAR_HOUR),
    MeasuredRegister("1.0.4.8.0.255", Supply.reactive_energy_export, DoubleLongUnsigned, 0, Unit.VAR_HOUR),
    MeasuredRegister("1.0.1.7.0.255", Supply.power_import, DoubleLongUnsigned, 0, Unit.WATT),
    MeasuredRegister("1.0.2.7.0.255", Supply.power_export, DoubleLongUnsigned, 0, Unit.WATT),
    MeasuredRegister("1.0.3.7.0.255", Supply.reactive_power_import, DoubleLongUnsigned, 0, Unit.VAR),
    MeasuredRegister("1.0.13.7.0.255", Supply.power_factor, LongUnsigned, -3, Unit.COUNT),
    MeasuredRegister("1.0.14.7.0.255", Supply.frequency, LongUnsigned, -2, Unit.HERTZ),
    *(
        MeasuredRegister(f"1.0.{c}.7.0.255", partial(Supply.voltage, phase=phase), LongUnsigned, -1, Unit.VOLT)
        for phase, c in enumerate((32, 52, 72), 1)
    ),
    *(
        MeasuredRegister(f"1.0.{c}.7.0.255", partial(Supply.current, phase=phase), LongUnsigned, -2, Unit.AMPERE)
        for phase, c in enumerate((31, 51, 71), 1)
    ),
)

EUROPEAN: Final = Model(
    name="european",
    title="European three-phase meter",
    manufacturer="SIM",
    zone=Zone(60, daylight_saving=True),
    profile="1.0.99.1.0.255",
    clients=clients,
    registers=REGISTERS,
    profiles=(
        DeclaredProfile(
            "1.0.99.1.0.255", every(900), 900, 35_040, (CLOCK, STATUS, IMPORT, EXPORT), STATUS
        ),
        DeclaredProfile(
            "1.0.99.2.0.255", daily, 86_400, 730,
            (CLOCK, STATUS, "1.0.1.8.1.255", "1.0.1.8.2.255", "1.0.2.8.1.255", "1.0.2.8.2.255"), STATUS,
        ),
    ),
    event_logs=(
        DeclaredEventLog("0.0.99.98.0.255", "0.0.96.11.0.255", {1: 2, 2: 2, 3: 1, 4: 4, 5: 4, 9: 1}, gap=9),
        DeclaredEventLog("0.0.99.98.1.255", "0.0.96.11.1.255", {40: 1, 41: 1, 42: 1}, gap=200),
        DeclaredEventLog("0.0.99.98.2.255", "0.0.96.11.2.255", {59: 1, 60: 1, 61: 1}, gap=150),
        DeclaredEventLog("0.0.99.98.4.255", "0.0.96.11.4.255", {76: 1, 77: 1, 78: 1, 79: 1}, gap=30),
    ),
    happenings={
        Happening.POWER_DOWN: ("0.0.99.98.0.255", 1),
        Happening.POWER_UP: ("0.0.99.98.0.255", 2),
        Happening.CLOCK_BEFORE: ("0.0.99.98.0.255", 4),
        Happening.CLOCK_AFTER: ("0.0.99.98.0.255", 5),
        Happening.DISCONNECTED: ("0.0.99.98.2.255", 60),
        Happening.RECONNECTED: ("0.0.99.98.2.255", 61),
    },
    texts={
        "0.0.96.1.0.255": "{serial}",
        "0.0.96.1.1.255": "DLMS simulated meter",
        "1.0.0.2.0.255": "SIM-E3P-1.0",
    },
    sun=4_000.0,
    more=equip,
)  # fmt: skip

"""An Indian single-phase smart meter in the manner of IS 15959: half-hour blocks, billing, events, name plate.

Its deviation counts the other way round: +330 for UTC+5:30.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from dlms.cosem.classes import Data
from dlms.data import DoubleLongUnsigned, LongUnsigned, Unsigned
from dlms.server import ServedClient
from dlms.simulate.equipment import add_current_row, add_disconnector, add_firmware, add_security
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
    monthly,
)
from dlms.simulate.supply import Supply
from dlms.simulate.zone import Zone
from dlms.units import Unit

METER_READER: Final = 32
UTILITY_SETTING: Final = 48
BLOCK: Final = 1800
BILLING_DATE: Final = "0.0.0.1.2.255"
METER_TYPE, METER_CATEGORY, CURRENT_RATING = "0.0.94.91.9.255", "0.0.94.91.11.255", "0.0.94.91.12.255"
SERIAL, MAKER, DEVICE_ID, YEAR = "0.0.96.1.0.255", "0.0.96.1.1.255", "0.0.96.1.2.255", "0.0.96.1.4.255"
FIRMWARE: Final = "1.0.0.2.0.255"
VOLTAGE, CURRENT, POWER_FACTOR = "1.0.12.7.0.255", "1.0.11.7.0.255", "1.0.13.7.0.255"
WATT_HOURS, VOLT_AMPERE_HOURS = "1.0.1.8.0.255", "1.0.9.8.0.255"


def clients(keys: KnownKeys) -> tuple[ServedClient, ...]:
    """Public; meter reader, with a password and ciphering; utility setting, with GMAC and ciphering."""
    return (
        managing_client(UTILITY_SETTING, keys),
        ServedClient(
            METER_READER,
            authentication="lls",
            password=keys.password,
            policy="authenticated+encrypted",
            encryption_key=keys.encryption_key,
            authentication_key=keys.authentication_key,
            master_key=keys.master_key,
        ),
        ServedClient(PUBLIC_CLIENT),
    )


REGISTERS: Final = (
    MeasuredRegister(VOLTAGE, Supply.voltage, LongUnsigned, -2, Unit.VOLT),
    MeasuredRegister(CURRENT, Supply.current, LongUnsigned, -2, Unit.AMPERE),
    MeasuredRegister(POWER_FACTOR, Supply.power_factor, LongUnsigned, -3, Unit.COUNT),
    MeasuredRegister("1.0.14.7.0.255", Supply.frequency, LongUnsigned, -2, Unit.HERTZ),
    MeasuredRegister("1.0.1.7.0.255", Supply.power_import, DoubleLongUnsigned, 0, Unit.WATT),
    MeasuredRegister("1.0.9.7.0.255", Supply.apparent_power, DoubleLongUnsigned, 0, Unit.VOLT_AMPERE),
    MeasuredRegister(WATT_HOURS, Supply.energy_import, DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    *(
        MeasuredRegister(
            f"1.0.1.8.{tariff}.255", partial(Supply.energy_import, tariff=tariff), DoubleLongUnsigned, 0, Unit.WATT_HOUR
        )
        for tariff in (1, 2)
    ),
    MeasuredRegister("1.0.2.8.0.255", Supply.energy_export, DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister(VOLT_AMPERE_HOURS, Supply.apparent_energy_import, DoubleLongUnsigned, 0, Unit.VOLT_AMPERE_HOUR),
    MeasuredRegister("1.0.12.27.0.255", Supply.voltage, LongUnsigned, -2, Unit.VOLT),
    MeasuredRegister("1.0.11.27.0.255", Supply.current, LongUnsigned, -2, Unit.AMPERE),
    *(
        MeasuredRegister(
            name, partial(Supply.in_period, of=counter, period=BLOCK), DoubleLongUnsigned, 0, unit
        )
        for name, counter, unit in (
            ("1.0.1.29.0.255", Supply.energy_import, Unit.WATT_HOUR),
            ("1.0.2.29.0.255", Supply.energy_export, Unit.WATT_HOUR),
            ("1.0.9.29.0.255", Supply.apparent_energy_import, Unit.VOLT_AMPERE_HOUR),
        )
    ),
    MeasuredRegister("1.0.13.0.0.255", Supply.power_factor, LongUnsigned, -3, Unit.COUNT),
)  # fmt: skip
NAME_PLATE: Final = (SERIAL, DEVICE_ID, MAKER, FIRMWARE, METER_TYPE, METER_CATEGORY, CURRENT_RATING, YEAR)
BLOCK_LOAD: Final = DeclaredProfile(
    "1.0.99.1.0.255", every(BLOCK), BLOCK, 1_680,
    (
        CLOCK, "1.0.12.27.0.255", "1.0.1.29.0.255", "1.0.9.29.0.255", "1.0.2.29.0.255", "1.0.11.27.0.255",
    ),
)  # fmt: skip
DAILY_LOAD: Final = DeclaredProfile(
    "1.0.99.2.0.255", daily, 86_400, 45, (CLOCK, WATT_HOURS, VOLT_AMPERE_HOURS, "1.0.2.8.0.255")
)
BILLING: Final = DeclaredProfile(
    "1.0.98.1.0.255", monthly, 0, 13,
    (BILLING_DATE, "1.0.13.0.0.255", WATT_HOURS, "1.0.1.8.1.255", "1.0.1.8.2.255", VOLT_AMPERE_HOURS),
    time=BILLING_DATE,
)  # fmt: skip
SNAPSHOT: Final = (CURRENT, VOLTAGE, POWER_FACTOR, WATT_HOURS)
INSTANTANEOUS: Final = (
    VOLTAGE, CURRENT, POWER_FACTOR, "1.0.14.7.0.255", "1.0.9.7.0.255", "1.0.1.7.0.255", WATT_HOURS, VOLT_AMPERE_HOURS,
)  # fmt: skip


def _log(number: int, codes: tuple[int, ...], gap: float, registers: tuple[str, ...] = SNAPSHOT) -> DeclaredEventLog:
    return DeclaredEventLog(
        f"0.0.99.98.{number}.255", f"0.0.96.11.{number}.255", dict.fromkeys(codes, 1.0), gap,
        registers=registers, type=LongUnsigned,
    )  # fmt: skip


def equip(meter: SimulatedMeter) -> None:
    """Name plate, scaler profiles, security setups, switch, firmware."""
    device = meter.device
    add_security(meter, METER_READER, "0.0.43.0.2.255")
    add_security(meter, UTILITY_SETTING, "0.0.43.0.3.255")
    add_disconnector(meter)
    add_firmware(meter)
    device[Data(METER_TYPE).value] = Unsigned(6)
    device[Data(YEAR).value] = LongUnsigned(2020)
    device[Data("0.0.94.91.0.255").value] = DoubleLongUnsigned(0)
    device[Data("1.0.0.8.4.255").value] = LongUnsigned(BLOCK)
    add_current_row(meter, "0.0.94.91.10.255", [(1, name, 2) for name in NAME_PLATE])
    add_current_row(meter, "1.0.94.91.0.255", [(8, CLOCK, 2), *((3, name, 2) for name in INSTANTANEOUS)])
    for name, registers in (
        ("1.0.94.91.3.255", INSTANTANEOUS),
        ("1.0.94.91.4.255", BLOCK_LOAD.columns[1:]),
        ("1.0.94.91.5.255", DAILY_LOAD.columns[1:]),
        ("1.0.94.91.6.255", BILLING.columns[1:]),
        ("1.0.94.91.7.255", SNAPSHOT),
    ):
        add_current_row(meter, name, [(3, register, 3) for register in registers])


INDIAN: Final = Model(
    name="indian",
    title="Indian single-phase smart meter",
    manufacturer="SIN",
    zone=Zone(330, deviation_sign="reversed"),
    profile="1.0.99.1.0.255",
    clients=clients,
    registers=REGISTERS,
    profiles=(BLOCK_LOAD, DAILY_LOAD, BILLING),
    event_logs=(
        _log(0, (7, 8, 9, 10), 12),
        _log(1, (67, 68), 60),
        _log(2, (101, 102), 5, ()),
        _log(3, (151, 152, 153, 155), 90, ()),
        _log(4, (201, 202, 203, 204), 120),
        _log(6, (301, 302), 400, ()),
    ),
    happenings={
        Happening.POWER_DOWN: ("0.0.99.98.2.255", 101),
        Happening.POWER_UP: ("0.0.99.98.2.255", 102),
        Happening.CLOCK_AFTER: ("0.0.99.98.3.255", 151),
        Happening.DISCONNECTED: ("0.0.99.98.6.255", 301),
        Happening.RECONNECTED: ("0.0.99.98.6.255", 302),
    },
    texts={
        SERIAL: "{serial}",
        DEVICE_ID: "SIN{serial}",
        MAKER: "DLMS simulated meter",
        FIRMWARE: "SIN-1P-1.0",
        METER_CATEGORY: "D1",
        CURRENT_RATING: "5-30A",
    },
    a_day=7_000.0,
    phases=1,
    nominal_voltage=240.0,
    more=equip,
)  # fmt: skip

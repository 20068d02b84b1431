"""A Dutch three-phase meter in the manner of SMR5, with a gas meter on its M-Bus: quarter hours, hourly gas, events."""

from __future__ import annotations

from functools import partial
from typing import Final

from dlms.cosem.classes import Data, MBusClientV1
from dlms.data import DoubleLongUnsigned, LongUnsigned, OctetString, Unsigned
from dlms.enumerations import MBusEncryptionKeyStatus
from dlms.server import ServedClient
from dlms.simulate.equipment import add_disconnector, add_firmware, add_security
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
from dlms.simulate.noise import Reals, Seconds
from dlms.simulate.supply import Supply
from dlms.simulate.zone import Zone
from dlms.units import Unit

MANAGEMENT_CLIENT: Final = 1
STATUS: Final = "0.0.96.10.2.255"
GAS_STATUS: Final = "0.1.96.10.3.255"
GAS: Final = "0.1.24.2.2.255"
GAS_DEVICE: Final = 3
"""The M-Bus device type of a gas meter."""
IMPORT, EXPORT = "1.0.1.8.0.255", "1.0.2.8.0.255"
TARIFFS: Final = ("1.0.1.8.1.255", "1.0.1.8.2.255", "1.0.2.8.1.255", "1.0.2.8.2.255")


def clients(keys: KnownKeys) -> tuple[ServedClient, ...]:
    """Management with GMAC and ciphering, and the public client."""
    return managing_client(MANAGEMENT_CLIENT, keys), ServedClient(PUBLIC_CLIENT)


def gas_of_the_hour(supply: Supply, at: Seconds) -> Reals:
    """What the M-Bus device said last, on the hour, in m3."""
    return supply.gas(at - at % 3600)


REGISTERS: Final = (
    MeasuredRegister(IMPORT, Supply.energy_import, DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister(TARIFFS[0], partial(Supply.energy_import, tariff=2), DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister(TARIFFS[1], partial(Supply.energy_import, tariff=1), DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister(EXPORT, Supply.energy_export, DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister(TARIFFS[2], partial(Supply.energy_export, tariff=2), DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister(TARIFFS[3], partial(Supply.energy_export, tariff=1), DoubleLongUnsigned, 0, Unit.WATT_HOUR),
    MeasuredRegister("1.0.1.7.0.255", Supply.power_import, DoubleLongUnsigned, 0, Unit.WATT),
    MeasuredRegister("1.0.2.7.0.255", Supply.power_export, DoubleLongUnsigned, 0, Unit.WATT),
    *(
        MeasuredRegister(f"1.0.{c}.7.0.255", partial(Supply.voltage, phase=phase), LongUnsigned, -1, Unit.VOLT)
        for phase, c in enumerate((32, 52, 72), 1)
    ),
    *(
        MeasuredRegister(f"1.0.{c}.7.0.255", partial(Supply.current, phase=phase), LongUnsigned, 0, Unit.AMPERE)
        for phase, c in enumerate((31, 51, 71), 1)
    ),
    *(
        MeasuredRegister(f"1.0.{c}.24.0.255", partial(Supply.voltage, phase=phase), LongUnsigned, -1, Unit.VOLT)
        for phase, c in enumerate((32, 52, 72), 1)
    ),
    MeasuredRegister(GAS, gas_of_the_hour, DoubleLongUnsigned, -3, Unit.CUBIC_METRE, extended=True),
)


def equip(meter: SimulatedMeter) -> None:
    """Security setup, switch, firmware, and the M-Bus client of the gas meter."""
    device = meter.device
    add_security(meter, MANAGEMENT_CLIENT)
    add_disconnector(meter)
    add_firmware(meter)
    gas = MBusClientV1("0.1.24.1.0.255")
    device.add(gas)
    device[gas.mbus_port_reference] = Data("0.0.24.6.0.255").logical_name
    device[gas.capture_definition] = []
    device[gas.capture_period] = 3600
    device[gas.primary_address] = 1
    device[gas.identification_number] = int(meter.serial_number, 16)  # eight digits of BCD, as on the bus
    device[gas.manufacturer_id] = 0x4D2D  # SIM, five bits a letter
    device[gas.version_] = 80
    device[gas.device_type] = GAS_DEVICE
    device[gas.access_number] = lambda: int(meter.now() // 3600) % 256
    device[gas.status] = 0
    device[gas.alarm] = 0
    device[gas.configuration] = 0
    device[gas.encryption_key_status] = MBusEncryptionKeyStatus.ENCRYPTION_KEY_IN_USE
    device[Data("0.1.96.1.1.255").value] = OctetString(f"G{meter.serial_number:0>16}".encode("ascii"))
    device[Data("0.0.96.14.0.255").value] = OctetString(b"0002")
    for name in ("0.0.96.7.9.255", "0.0.96.7.21.255"):
        device[Data(name).value] = Unsigned(0)


DUTCH: Final = Model(
    name="dutch",
    title="Dutch three-phase meter with gas",
    manufacturer="SNL",
    zone=Zone(60, daylight_saving=True),
    profile="1.0.99.1.0.255",
    clients=clients,
    registers=REGISTERS,
    profiles=(
        DeclaredProfile("1.0.99.1.0.255", every(900), 900, 960, (CLOCK, STATUS, IMPORT, EXPORT), STATUS),
        DeclaredProfile("1.0.99.2.0.255", daily, 86_400, 40, (CLOCK, STATUS, *TARIFFS), STATUS),
        DeclaredProfile(
            "1.0.99.1.1.255", every(900), 900, 960, (CLOCK, "1.0.32.24.0.255", "1.0.52.24.0.255", "1.0.72.24.0.255")
        ),
        DeclaredProfile("0.1.24.3.0.255", every(3600), 3600, 240, (CLOCK, GAS_STATUS, GAS), GAS_STATUS),
        DeclaredProfile("0.1.24.3.1.255", daily, 86_400, 40, (CLOCK, GAS_STATUS, GAS), GAS_STATUS),
    ),
    event_logs=(
        DeclaredEventLog("0.0.99.98.0.255", "0.0.96.11.0.255", {1: 2, 2: 2, 3: 1, 4: 4, 5: 4}, gap=9),
        DeclaredEventLog("0.0.99.98.1.255", "0.0.96.11.1.255", {40: 1, 41: 1}, gap=200),
        DeclaredEventLog("0.0.99.98.2.255", "0.0.96.11.2.255", {60: 1, 61: 1}, gap=300),
        DeclaredEventLog("0.0.99.98.3.255", "0.0.96.11.3.255", {100: 1, 101: 1, 103: 1}, gap=60),
        DeclaredEventLog("0.0.99.98.4.255", "0.0.96.11.4.255", {71: 1, 72: 1}, gap=20),
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
        "0.0.96.1.1.255": "E{serial:0>16}",
        "1.0.0.2.0.255": "SNL-SMR5-1.0",
    },
    a_day=7_500.0,
    sun=5_000.0,
    more=equip,
)

"""A Norwegian three-phase meter that pushes lists at its HAN port: power every 2.5 s, more every 10 s, all every hour.

The lists say what they hold, in the manner of Aidon: an array of logical name, value, scaler and unit. The port only
talks; what the network operator reads such a meter by is not simulated.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from dlms.cosem.classes import Data, Register
from dlms.data import Array, DoubleLongUnsigned, LongUnsigned, OctetString, Structure, VisibleString
from dlms.data import Data as DataValue
from dlms.datetime import CosemDateTime
from dlms.logical_name import LogicalName
from dlms.simulate.equipment import value_now
from dlms.simulate.meter import SimulatedMeter
from dlms.simulate.model import CLOCK, DeclaredPush, MeasuredRegister, Model
from dlms.simulate.supply import Supply
from dlms.simulate.zone import Zone
from dlms.units import Unit

POWER: Final = "1.0.1.7.0.255"
VERSION, SERIAL, TYPE = "1.1.0.2.129.255", "0.0.96.1.0.255", "0.0.96.1.7.255"
TEXTS: Final = {VERSION: "SIM_V0001", SERIAL: "7359992{serial}5", TYPE: "SNO3P"}
MOMENTARY: Final = (
    MeasuredRegister(POWER, Supply.power_import, DoubleLongUnsigned, 0, Unit.WATT),
    MeasuredRegister("1.0.2.7.0.255", Supply.power_export, DoubleLongUnsigned, 0, Unit.WATT),
    MeasuredRegister("1.0.3.7.0.255", Supply.reactive_power_import, DoubleLongUnsigned, 0, Unit.VAR),
    MeasuredRegister("1.0.4.7.0.255", Supply.reactive_power_export, DoubleLongUnsigned, 0, Unit.VAR),
    *(
        MeasuredRegister(f"1.0.{c}.7.0.255", partial(Supply.current, phase=phase), LongUnsigned, -1, Unit.AMPERE)
        for phase, c in enumerate((31, 51, 71), 1)
    ),
    *(
        MeasuredRegister(f"1.0.{c}.7.0.255", partial(Supply.voltage, phase=phase), LongUnsigned, -1, Unit.VOLT)
        for phase, c in enumerate((32, 52, 72), 1)
    ),
)
ENERGIES: Final = tuple(
    MeasuredRegister(f"1.0.{c}.8.0.255", counter, DoubleLongUnsigned, 1, unit)
    for c, counter, unit in (
        (1, Supply.energy_import, Unit.WATT_HOUR),
        (2, Supply.energy_export, Unit.WATT_HOUR),
        (3, Supply.reactive_energy_import, Unit.VAR_HOUR),
        (4, Supply.reactive_energy_export, Unit.VAR_HOUR),
    )
)


def _measured(meter: SimulatedMeter, name: str) -> DataValue:
    of = Register(name)
    return Structure([_named(name), value_now(meter, of.value), value_now(meter, of.scaler_unit)])


def _named(name: str) -> DataValue:
    return OctetString(bytes(LogicalName(name)))


def power(meter: SimulatedMeter) -> DataValue:
    """List 1: active power."""
    return Array([_measured(meter, POWER)])


def list_of_momentary(meter: SimulatedMeter) -> DataValue:
    """List 2: who it is, powers, currents, voltages."""
    return Array(_momentary(meter))


def list_of_all(meter: SimulatedMeter) -> DataValue:
    """List 3: list 2, the clock, and the counters."""
    local = meter.model.zone.moment(meter.now() // 10 * 10)
    # Local standard time, and neither deviation nor status, all year round.
    clock = CosemDateTime(
        year=local.year, month=local.month, day=local.day, day_of_week=local.day_of_week,
        hour=local.hour, minute=local.minute, second=local.second,
    )  # fmt: skip
    counters = [_measured(meter, register.logical_name) for register in ENERGIES]
    return Array([*_momentary(meter), Structure([_named(CLOCK), OctetString(clock.octets)]), *counters])


def _momentary(meter: SimulatedMeter) -> list[DataValue]:
    texts = [Structure([_named(name), _text(value_now(meter, Data(name).value))]) for name in TEXTS]
    return [*texts, *(_measured(meter, register.logical_name) for register in MOMENTARY)]


def _text(value: DataValue) -> DataValue:
    return VisibleString(value.value.decode("ascii")) if isinstance(value, OctetString) else value


NORWEGIAN: Final = Model(
    name="norwegian",
    title="Norwegian three-phase meter with a HAN port",
    manufacturer="SNO",
    zone=Zone(60),
    profile="",
    clients=lambda keys: (),
    registers=(*MOMENTARY, *ENERGIES),
    pushes=(
        DeclaredPush(2.5, power),
        DeclaredPush(10.0, list_of_momentary),
        DeclaredPush(3600.0, list_of_all),
    ),
    texts=TEXTS,
    a_day=40_000.0,
)

"""Physical units, scalers and quantities: scaler_unit of registers (IEC 62056-6-2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Final, Self

from dlms.enumerations import CodeTable
from dlms.errors import EncodeError

__all__ = ["Quantity", "ScalerUnit", "Unit", "scale"]


class Unit(CodeTable):
    """The unit of a value. A number that the table does not list is kept; its symbol is `unit n`."""

    symbol: str
    """As printed after a number; empty where there is none to print."""
    quantity: str
    """What is measured."""

    # The defaults are for type checkers, which take Unit(27), a look-up, for this call.
    def __new__(cls, code: int, symbol: str = "", quantity: str = "") -> Self:
        unit = int.__new__(cls, code)
        unit._value_ = code
        unit.symbol = symbol
        unit.quantity = quantity
        return unit

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        unit = super()._missing_(value)
        if unit is not None:
            unit.symbol = f"unit {unit.value}"
            unit.quantity = "unknown"
        return unit

    YEAR = 1, "a", "time, year"
    MONTH = 2, "mo", "time, month"
    WEEK = 3, "wk", "time, week"
    DAY = 4, "d", "time, day"
    HOUR = 5, "h", "time, hour"
    MINUTE = 6, "min", "time, minute"
    SECOND = 7, "s", "time, second"
    DEGREE = 8, "°", "phase angle"
    DEGREE_CELSIUS = 9, "°C", "temperature"
    CURRENCY = 10, "currency", "local currency"
    METRE = 11, "m", "length"
    METRE_PER_SECOND = 12, "m/s", "speed"
    CUBIC_METRE = 13, "m³", "volume"
    CUBIC_METRE_CORRECTED = 14, "m³", "corrected volume"
    CUBIC_METRE_PER_HOUR = 15, "m³/h", "volume flux"
    CUBIC_METRE_PER_HOUR_CORRECTED = 16, "m³/h", "corrected volume flux"
    CUBIC_METRE_PER_DAY = 17, "m³/d", "volume flux"
    CUBIC_METRE_PER_DAY_CORRECTED = 18, "m³/d", "corrected volume flux"
    LITRE = 19, "l", "volume"
    KILOGRAM = 20, "kg", "mass"
    NEWTON = 21, "N", "force"
    NEWTON_METRE = 22, "Nm", "energy"
    PASCAL = 23, "Pa", "pressure, pascal"
    BAR = 24, "bar", "pressure, bar"
    JOULE = 25, "J", "energy"
    JOULE_PER_HOUR = 26, "J/h", "thermal power"
    WATT = 27, "W", "active power"
    VOLT_AMPERE = 28, "VA", "apparent power"
    VAR = 29, "var", "reactive power"
    WATT_HOUR = 30, "Wh", "active energy"
    VOLT_AMPERE_HOUR = 31, "VAh", "apparent energy"
    VAR_HOUR = 32, "varh", "reactive energy"
    AMPERE = 33, "A", "current"
    COULOMB = 34, "C", "electrical charge"
    VOLT = 35, "V", "voltage"
    VOLT_PER_METRE = 36, "V/m", "electric field strength"
    FARAD = 37, "F", "capacitance"
    OHM = 38, "Ω", "resistance"
    OHM_METRE = 39, "Ωm", "resistivity"
    WEBER = 40, "Wb", "magnetic flux"
    TESLA = 41, "T", "magnetic flux density"
    AMPERE_PER_METRE = 42, "A/m", "magnetic field strength"
    HENRY = 43, "H", "inductance"
    HERTZ = 44, "Hz", "frequency"
    PER_WATT_HOUR = 45, "1/(Wh)", "active energy meter constant or pulse value"
    PER_VAR_HOUR = 46, "1/(varh)", "reactive energy meter constant"
    PER_VOLT_AMPERE_HOUR = 47, "1/(VAh)", "apparent energy meter constant"
    VOLT_SQUARED_HOUR = 48, "V²h", "volt-squared hours"
    AMPERE_SQUARED_HOUR = 49, "A²h", "ampere-squared hours"
    KILOGRAM_PER_SECOND = 50, "kg/s", "mass flux"
    SIEMENS = 51, "S", "conductance"
    KELVIN = 52, "K", "temperature, kelvin"
    PER_VOLT_SQUARED_HOUR = 53, "1/(V²h)", "volt-squared hour meter constant"
    PER_AMPERE_SQUARED_HOUR = 54, "1/(A²h)", "ampere-squared hour meter constant"
    PER_CUBIC_METRE = 55, "1/m³", "volume meter constant"
    PERCENT = 56, "%", "percentage"
    AMPERE_HOUR = 57, "Ah", "ampere-hours"
    WATT_HOUR_PER_CUBIC_METRE = 60, "Wh/m³", "energy per volume"
    JOULE_PER_CUBIC_METRE = 61, "J/m³", "calorific value, Wobbe"
    MOLE_PERCENT = 62, "Mol %", "molar fraction of gas composition"
    GRAM_PER_CUBIC_METRE = 63, "g/m³", "mass density"
    PASCAL_SECOND = 64, "Pa s", "dynamic viscosity"
    JOULE_PER_KILOGRAM = 65, "J/kg", "specific energy"
    GRAM_PER_SQUARE_CENTIMETRE = 66, "g/cm²", "pressure, gram per square centimetre"
    ATMOSPHERE = 67, "atm", "pressure, atmosphere"
    DECIBEL_MILLIWATT = 70, "dBm", "signal strength, dB milliwatt"
    DECIBEL_MICROVOLT = 71, "dBµV", "signal strength, dB microvolt"
    DECIBEL = 72, "dB", "logarithmic unit"

    # Outside the SI; (RV) in a symbol marks a meter constant or pulse value.
    INCH = 128, "in", "length, inch"
    FOOT = 129, "ft", "length, foot"
    POUND = 130, "lb", "mass, pound"
    DEGREE_FAHRENHEIT = 131, "°F", "temperature, Fahrenheit"
    DEGREE_RANKINE = 132, "°R", "temperature, Rankine"
    SQUARE_INCH = 133, "sq. in", "area, square inch"
    SQUARE_FOOT = 134, "sq ft", "area, square foot"
    ACRE = 135, "ac", "area, acre"
    CUBIC_INCH = 136, "cu in", "volume, cubic inch"
    CUBIC_FOOT = 137, "cu ft", "volume, cubic foot"
    ACRE_FOOT = 138, "ac ft", "volume, acre-foot"
    GALLON_IMPERIAL = 139, "gal (imp)", "volume, gallon imperial"
    GALLON_US = 140, "gal (US)", "volume, gallon US"
    POUND_FORCE = 141, "lbf", "force, pound-force"
    POUND_FORCE_PER_SQUARE_INCH = 142, "psi", "pressure, pound-force per square inch"
    POUND_PER_CUBIC_FOOT = 143, "lb/cu ft", "density"
    POUND_PER_FOOT_SECOND = 144, "lb/(ft·s)", "dynamic viscosity"
    SQUARE_FOOT_PER_SECOND = 145, "sq ft/s", "kinematic viscosity"
    BRITISH_THERMAL_UNIT = 146, "Btu", "energy"
    THERM_EU = 147, "thm (EC)", "energy, therm EU"
    THERM_US = 148, "thm (US)", "energy, therm US"
    BRITISH_THERMAL_UNIT_PER_POUND = 149, "Btu/lb", "specific energy"
    BRITISH_THERMAL_UNIT_PER_CUBIC_FOOT = 150, "Btu/cu ft", "calorific value"
    CUBIC_FOOT_METER_CONSTANT = 151, "cu ft (RV)", "volume meter constant, cubic feet"
    FOOT_PER_SECOND = 152, "ft/s", "speed"
    CUBIC_FOOT_PER_SECOND = 153, "cu ft/s", "volume flux"
    CUBIC_FOOT_PER_MINUTE = 154, "cu ft/min", "volume flux"
    CUBIC_FOOT_PER_HOUR = 155, "cu ft/h", "volume flux"
    CUBIC_FOOT_PER_DAY = 156, "cu ft/d", "volume flux"
    ACRE_FOOT_PER_SECOND = 157, "ac ft/s", "volume flux"
    ACRE_FOOT_PER_MINUTE = 158, "ac ft/min", "volume flux"
    ACRE_FOOT_PER_HOUR = 159, "ac ft/h", "volume flux"
    ACRE_FOOT_PER_DAY = 160, "ac ft/d", "volume flux"
    GALLON_IMPERIAL_METER_CONSTANT = 161, "gal (imp) (RV)", "volume meter constant, imperial gallon"
    GALLON_IMPERIAL_PER_SECOND = 162, "gal (imp)/s", "volume flux"
    GALLON_IMPERIAL_PER_MINUTE = 163, "gal (imp)/min", "volume flux"
    GALLON_IMPERIAL_PER_HOUR = 164, "gal (imp)/h", "volume flux"
    GALLON_IMPERIAL_PER_DAY = 165, "gal (imp)/d", "volume flux"
    GALLON_US_METER_CONSTANT = 166, "gal (US) (RV)", "volume meter constant, US gallon"
    GALLON_US_PER_SECOND = 167, "gal (US)/s", "volume flux"
    GALLON_US_PER_MINUTE = 168, "gal (US)/min", "volume flux"
    GALLON_US_PER_HOUR = 169, "gal (US)/h", "volume flux"
    GALLON_US_PER_DAY = 170, "gal (US)/d", "volume flux"
    BRITISH_THERMAL_UNIT_PER_SECOND = 171, "Btu/s", "power"
    BRITISH_THERMAL_UNIT_PER_MINUTE = 172, "Btu/min", "power"
    BRITISH_THERMAL_UNIT_PER_HOUR = 173, "Btu/h", "power"
    BRITISH_THERMAL_UNIT_PER_DAY = 174, "Btu/d", "power"

    EXTENDED_TABLE = 253, "", "extended table of units (reserved for)"
    OTHER = 254, "other", "other unit"
    COUNT = 255, "", "no unit, unitless, count"


@dataclass(frozen=True, slots=True)
class ScalerUnit:
    """scaler_unit: the exponent of ten that a raw value is multiplied by, and its unit. Unpacks into the two."""

    scaler: int
    unit: Unit

    def __iter__(self) -> Iterator[int]:
        yield self.scaler
        yield self.unit

    def quantity(self, raw: int | float | Decimal) -> Quantity:
        """What `raw` stands for."""
        return Quantity(scale(raw, self.scaler), self.unit)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit; `float(quantity)` gives the number where a rounded one will do."""

    value: Decimal
    unit: Unit

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        return f"{self.value:f} {self.unit.symbol}".rstrip()


# Wide enough for every exact product of a 64-bit integer or a float64 and a scaler. Inexact is trapped: a value that
# would be rounded is refused.
_EXACT: Final = Context(prec=1200, Emin=-9999, Emax=9999, traps=[Inexact, InvalidOperation, Overflow])


def scale(raw: int | float | Decimal, scaler: int) -> Decimal:
    """`raw` times ten to the power of `scaler`, exactly; a float is taken as the binary fraction that it is.

    A scaler outside -128 to 127, or a result of more than 1200 digits, is an EncodeError.
    """
    if not -128 <= scaler <= 127:
        raise EncodeError(f"a scaler is an integer (-128 to 127), got {scaler}")
    try:
        return Decimal(raw).scaleb(scaler, _EXACT)
    except ArithmeticError:
        raise EncodeError("the scaled value has too many digits") from None

"""Makes the telegrams and the load profile that ship in src/dlms/demo/: captured shapes, synthetic content.

    python -m tools.fixtures [--check]

Writes telegrams.json and load_profile.json, or with --check says whether they are what this would write. The values
are declared below; identifiers are invented, the keys and the system title are those of the books' examples.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dlms.apdu import encode
from dlms.apdu.block_transfer import LAST_BLOCK, STREAMING, GeneralBlockTransfer
from dlms.apdu.ciphering import CipheredContent, GeneralGloCiphering
from dlms.apdu.get import GetResponseNormal
from dlms.apdu.notification import DataNotification
from dlms.data import (
    Array,
    Data,
    DoubleLongUnsigned,
    Enum,
    Integer,
    LongUnsigned,
    NullData,
    OctetString,
    Structure,
    Unsigned,
    dumps,
)
from dlms.datetime import CosemDateTime
from dlms.logical_name import LogicalName
from dlms.security.keys import Key
from dlms.security.protection import Protection, SecurityControl, protect
from dlms.units import Unit
from dlms_core import llc, mbus, wrapper
from dlms_core.hdlc import Frame, HdlcAddress

DEMO = Path(__file__).parent.parent / "src" / "dlms" / "demo"

ENCRYPTION_KEY = "000102030405060708090A0B0C0D0E0F"
AUTHENTICATION_KEY = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
SYSTEM_TITLE = "4D4D4D0000000001"
FIRST_COUNTER = 0x0000_0101

METER = HdlcAddress(1, 17)
PUSH_CLIENT = HdlcAddress(103)
UI, UI_FINAL = 0x03, 0x13


class Register(NamedTuple):
    """One declared value: the logical name, the value as sent, its type, scaler and unit."""

    name: str
    value: int
    of: type[DoubleLongUnsigned] | type[LongUnsigned]
    scaler: int
    unit: Unit

    @property
    def logical_name(self) -> OctetString:
        return name_of(self.name)

    @property
    def data(self) -> Data:
        return self.of(self.value)

    @property
    def scaler_unit(self) -> Structure:
        return Structure((Integer(self.scaler), Enum(self.unit)))


MOMENT = CosemDateTime(
    year=2024, month=5, day=17, day_of_week=5, hour=18, minute=30, second=10, hundredths=0, deviation=-120, status=0x80
)
METER_IDENTIFIER = ("0-0:96.1.0*255", "MMM0000000000001")
METER_TYPE = ("0-0:96.1.7*255", "MMM3P100A")
U, I, P, Q, A, R = Unit.VOLT, Unit.AMPERE, Unit.WATT, Unit.VAR, Unit.WATT_HOUR, Unit.VAR_HOUR  # noqa: E741
REGISTERS = (
    Register("1-0:1.7.0*255", 4123, DoubleLongUnsigned, 0, P),
    Register("1-0:2.7.0*255", 0, DoubleLongUnsigned, 0, P),
    Register("1-0:3.7.0*255", 0, DoubleLongUnsigned, 0, Q),
    Register("1-0:4.7.0*255", 311, DoubleLongUnsigned, 0, Q),
    Register("1-0:31.7.0*255", 905, LongUnsigned, -2, I),
    Register("1-0:51.7.0*255", 512, LongUnsigned, -2, I),
    Register("1-0:71.7.0*255", 391, LongUnsigned, -2, I),
    Register("1-0:32.7.0*255", 2301, LongUnsigned, -1, U),
    Register("1-0:52.7.0*255", 2296, LongUnsigned, -1, U),
    Register("1-0:72.7.0*255", 2312, LongUnsigned, -1, U),
    Register("1-0:1.8.0*255", 12_345_678, DoubleLongUnsigned, 0, A),
    Register("1-0:2.8.0*255", 2_345_678, DoubleLongUnsigned, 0, A),
    Register("1-0:3.8.0*255", 98_765, DoubleLongUnsigned, 0, R),
    Register("1-0:4.8.0*255", 1_234_567, DoubleLongUnsigned, 0, R),
)


class Shape(NamedTuple):
    """A notification in the form that some maker's meters send, and what it states."""

    name: str
    like: str
    apdu: bytes
    texts: tuple[tuple[str, str], ...]
    registers: tuple[Register, ...]


def text(value: str) -> OctetString:
    return OctetString(value.encode("ascii"))


def name_of(name: str) -> OctetString:
    return OctetString(bytes(LogicalName(name)))


def notification(number: int, date_time: CosemDateTime | None, body: Data) -> bytes:
    return encode(DataNotification(number, date_time, body))


def array_of_objects() -> Shape:
    """An array of structures: logical name, value, scaler and unit."""
    texts = [Structure((name_of(name), text(value))) for name, value in (METER_IDENTIFIER, METER_TYPE)]
    values = [Structure((register.logical_name, register.data, register.scaler_unit)) for register in REGISTERS]
    apdu = notification(0x4000_0000, None, Array([*texts, *values]))
    return Shape("objects", "Aidon: array of (logical name, value, scaler and unit)", apdu,
                 (METER_IDENTIFIER, METER_TYPE), REGISTERS)  # fmt: skip


def flat_structure() -> Shape:
    """One structure: clock, then logical name, value, scaler and unit in turn, the identifier at the end."""
    members: list[Data] = [OctetString(MOMENT.octets)]
    for register in REGISTERS:
        members += (register.logical_name, register.data, register.scaler_unit)
    identifier = METER_IDENTIFIER[1]
    apdu = notification(0x0000_0001, MOMENT, Structure((*members, text(identifier))))
    return Shape("flat", "Kaifa and Sagemcom in Austria: clock, then name, value, scaler and unit in turn", apdu,
                 (("", identifier),), REGISTERS)  # fmt: skip


def positional_structure() -> Shape:
    """One structure of values without names; the notification's date-time has a tag that it should not have."""
    members = (text("MMM_001"), text(METER_IDENTIFIER[1]), text(METER_TYPE[1]), *(each.data for each in REGISTERS))
    body = Structure(members)
    untagged = notification(0x4000_0000, MOMENT, body)
    head = untagged[: -len(dumps(body)) - 1 - len(MOMENT.octets)]
    apdu = head + b"\x09" + untagged[len(head) :]
    texts = (("", "MMM_001"), ("", METER_IDENTIFIER[1]), ("", METER_TYPE[1]))
    return Shape("positions", "Kaifa in Norway: values by position, date-time with the tag of octet-string", apdu,
                 texts, REGISTERS)  # fmt: skip


def push_object_list() -> Shape:
    """A structure whose first element says what the others are, itself included."""
    described = [
        (40, "0-8:25.9.0*255", 2, None),
        (8, "0-0:1.0.0*255", 2, OctetString(MOMENT.octets)),
        (1, METER_IDENTIFIER[0], 2, text(METER_IDENTIFIER[1])),
        *((3, register.name, 2, register.data) for register in REGISTERS),
    ]
    objects = Array([
        Structure((LongUnsigned(class_id), name_of(name), Integer(attribute), LongUnsigned(0)))
        for class_id, name, attribute, _ in described
    ])  # fmt: skip
    values = [value for *_, value in described if value is not None]
    apdu = notification(0x0000_CBC6, MOMENT, Structure((objects, *values)))
    return Shape("push-list", "Landis+Gyr in Switzerland: the push object list, then its values", apdu,
                 (METER_IDENTIFIER,), REGISTERS)  # fmt: skip


def frame(information: bytes, control: int = UI_FINAL, *, segmented: bool = False) -> bytes:
    return Frame(PUSH_CLIENT, METER, control, information, segmented=segmented).encode()


def parts(octets: bytes, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """(number from 1, part, whether it is the last)."""
    for number, at in enumerate(range(0, len(octets), size), 1):
        yield number, octets[at : at + size], at + size >= len(octets)


def hdlc(apdu: bytes) -> bytes:
    return frame(llc.add(apdu, response=True))


def hdlc_segmented(apdu: bytes) -> bytes:
    """As Iskra AM550: the LLC header in the first frame only, the final bit in the last one only."""
    content = llc.add(apdu, response=True)
    return b"".join(frame(part, UI_FINAL if last else UI, segmented=not last) for _, part, last in parts(content, 114))


def hdlc_gbt(apdu: bytes) -> bytes:
    """As Landis+Gyr E450: each block in a frame of its own, the LLC header in the first one only."""
    frames = []
    for number, part, last in parts(apdu, 112):
        block = encode(GeneralBlockTransfer((LAST_BLOCK if last else 0) | STREAMING, number, 0, part))
        frames.append(frame(llc.add(block, response=True) if number == 1 else block))
    return b"".join(frames)


def ciphered(apdu: bytes, control: SecurityControl, counter: int) -> bytes:
    content, tag = protect(
        apdu,
        control=control,
        invocation_counter=counter,
        system_title=bytes.fromhex(SYSTEM_TITLE),
        encryption_key=Key(ENCRYPTION_KEY),
        authentication_key=Key(AUTHENTICATION_KEY),
    )
    return encode(
        GeneralGloCiphering(bytes.fromhex(SYSTEM_TITLE), CipheredContent(control.octet, counter, content, tag or None))
    )


FRAMINGS = {
    "hdlc": (array_of_objects, hdlc),
    "hdlc-segmented": (push_object_list, hdlc_segmented),
    "hdlc+gbt": (push_object_list, hdlc_gbt),
    "mbus": (positional_structure, lambda apdu: b"".join(mbus.build(apdu))),
    "mbus-segmented": (flat_structure, lambda apdu: b"".join(mbus.build(apdu))),
    "wrapper": (array_of_objects, lambda apdu: wrapper.build(apdu, source=1, destination=64)),
    "llc+apdu": (positional_structure, lambda apdu: llc.add(apdu, response=True)),
    "apdu": (flat_structure, lambda apdu: apdu),
}
ENCRYPTED = SecurityControl(0, Protection.ENCRYPTED)
PROTECTED = SecurityControl(0, Protection.ENCRYPTED | Protection.AUTHENTICATED)


def telegrams() -> Iterator[dict[str, Any]]:
    """One telegram of each framing, plain and ciphered; encryption alone on M-Bus, as it is found there."""
    counter = FIRST_COUNTER
    for framing, (make, carry) in FRAMINGS.items():
        shape = make()
        common = {
            "framing": framing,
            "like": shape.like,
            "apdu": shape.apdu.hex().upper(),
            "texts": [{"logical_name": name or None, "value": value} for name, value in shape.texts],
            "values": [
                {"logical_name": each.name, "value": each.value, "scaler": each.scaler, "unit": int(each.unit)}
                for each in shape.registers
            ],
        }
        yield {"name": framing, **common, "cipher": None, "hex": carry(shape.apdu).hex().upper()}
        control = ENCRYPTED if framing.startswith("mbus") else PROTECTED
        octets = carry(ciphered(shape.apdu, control, counter))
        cipher = {"security_control": f"{control.octet:02X}", "invocation_counter": counter}
        yield {"name": f"{framing}, ciphered", **common, "cipher": cipher, "hex": octets.hex().upper()}
        counter += 1


# The load of a household by the hour, in W, and what its roof gives.
LOAD = (
    210,
    190,
    180,
    175,
    180,
    240,
    610,
    980,
    620,
    430,
    390,
    520,
    810,
    560,
    420,
    400,
    530,
    1180,
    1740,
    1620,
    1150,
    820,
    540,
    310,
)
SUN = (0, 0, 0, 0, 0, 0, 120, 480, 1020, 1610, 2090, 2380, 2450, 2290, 1900, 1380, 810, 330, 60, 0, 0, 0, 0, 0)
CLOUDS = (100, 35, 80, 100, 15, 60, 90)
PERIOD = 900
START = datetime.datetime(2024, 5, 13, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
OUTAGE = range(2 * 96 + 40, 2 * 96 + 46)
POWER_DOWN = 0x80
"""A status octet as VDEW defines it; here only its highest bit is used, for a power outage."""


class Interval(NamedTuple):
    """One row of the profile, everything in it stated."""

    time: datetime.datetime
    status: int
    import_energy: int
    export_energy: int
    demand: int


def between(hours: tuple[int, ...], quarter: int) -> int:
    hour, step = divmod(quarter, 4)
    return (hours[hour] * (4 - step) + hours[(hour + 1) % 24] * step) // 4


def intervals() -> Iterator[Interval]:
    """A week of quarter hours, but for an outage: registers in Wh, the demand of the last quarter in W."""
    imported, exported = 12_000_000, 2_300_000
    flicker = 7
    for row in range(7 * 96):
        day, quarter = divmod(row, 96)
        flicker = (flicker * 75 + 74) % 65537  # repeats itself only after the week
        power = between(LOAD, quarter) + flicker % 160 - between(SUN, quarter) * CLOUDS[day] // 100
        if row in OUTAGE:
            continue
        imported += max(power, 0) // 4
        exported += max(-power, 0) // 4
        time = START + datetime.timedelta(seconds=PERIOD * (row + 1))
        yield Interval(time, POWER_DOWN if row == OUTAGE.stop else 0, imported, exported, max(power, 0))


CAPTURE_OBJECTS = (
    (8, "0-0:1.0.0*255", 2, None),
    (1, "0-0:96.10.1*255", 2, None),
    (3, "1-0:1.8.0*255", 2, (0, A)),
    (3, "1-0:2.8.0*255", 2, (0, A)),
    (5, "1-0:1.4.0*255", 3, (0, P)),
)
"""Class, logical name, attribute (of the demand register: last_average_value), scaler and unit."""


def clock(time: datetime.datetime) -> OctetString:
    moment = CosemDateTime(
        year=time.year, month=time.month, day=time.day, day_of_week=time.isoweekday(), hour=time.hour,
        minute=time.minute, second=time.second, hundredths=0, deviation=-120, status=0x80,
    )  # fmt: skip
    return OctetString(moment.octets)


def rows(stated: list[Interval]) -> Iterator[Structure]:
    """Null-data for a clock that is one period after the last (but at midnight), and for whatever did not change."""
    before: Interval | None = None
    for row in stated:
        follows = before is not None and (row.time - before.time).total_seconds() == PERIOD
        midnight = (row.time.hour, row.time.minute) == (0, 0)
        repeats = [before is not None and before[at] == row[at] for at in range(len(row))]
        yield Structure((
            NullData() if follows and not midnight else clock(row.time),
            NullData() if repeats[1] else Unsigned(row.status),
            NullData() if repeats[2] else DoubleLongUnsigned(row.import_energy),
            NullData() if repeats[3] else DoubleLongUnsigned(row.export_energy),
            LongUnsigned(row.demand),
        ))  # fmt: skip
        before = row


def load_profile() -> dict[str, Any]:
    stated = list(intervals())
    buffer = Array(list(rows(stated)))
    captured = Array([
        Structure((LongUnsigned(class_id), name_of(name), Integer(attribute), LongUnsigned(0)))
        for class_id, name, attribute, _ in CAPTURE_OBJECTS
    ])  # fmt: skip
    response = encode(GetResponseNormal(0xC1, buffer))
    return {
        "name": "load profile",
        "like": "a week of quarter hours with null-compressed clocks, in one get-response over TCP",
        "logical_name": "1-0:99.1.0*255",
        "framing": "wrapper",
        "capture_period": PERIOD,
        "capture_objects": dumps(captured).hex().upper(),
        "scaler_units": [None if of is None else [of[0], int(of[1])] for *_, of in CAPTURE_OBJECTS],
        "hex": wrapper.build(response, source=1, destination=16).hex().upper(),
        "buffer": dumps(buffer).hex().upper(),
        "values": {
            "time": [row.time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for row in stated],
            "status": [row.status for row in stated],
            "import_energy": [row.import_energy for row in stated],
            "export_energy": [row.export_energy for row in stated],
            "demand": [row.demand for row in stated],
        },
    }


def files() -> dict[Path, str]:
    """What the files in the package hold."""
    keys = {
        "encryption_key": ENCRYPTION_KEY,
        "authentication_key": AUTHENTICATION_KEY,
        "system_title": SYSTEM_TITLE,
    }
    carried = {"keys": keys, "telegrams": list(telegrams())}
    return {
        DEMO / "telegrams.json": json.dumps(carried, indent=1) + "\n",
        DEMO / "load_profile.json": json.dumps(load_profile()) + "\n",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    differing = 0
    for path, content in files().items():
        if check and (not path.exists() or path.read_text(encoding="utf-8") != content):
            print(f"{path} is not what its declarations give")
            differing += 1
        elif not check:
            path.write_text(content, encoding="utf-8")
            print(f"{path}: {len(content)} characters")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())

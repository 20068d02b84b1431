"""`dlms demo`: what the package does, shown on the telegrams and the load profile that ship with it."""

from __future__ import annotations

import argparse
import sys
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from dlms.cli.outcome import SUCCESS, CallAtFault
from dlms.cli.plot import write_plots
from dlms.cli.profiles import buffers, column_title, table_lines, write_columns
from dlms.cli.reading import Reader, Reading
from dlms.cosem.profile import Profile, unpack_profile
from dlms.data import Array, Data, DoubleLongUnsigned, OctetString, Structure, Unsigned, dumps, loads
from dlms.datetime import CosemDateTime
from dlms.demo import fixtures
from dlms.security import Key, KeyRing, KeySet
from dlms.translate import to_text

ROWS: Final = 3000
PERIOD: Final = 900
START: Final = 1_704_067_200_000
REPEATS, SECONDS = 7, 0.05


def add_parser(subparsers: Any) -> None:
    """`dlms demo`."""
    parser = subparsers.add_parser(
        "demo", help="decode the telegrams and the load profile that ship with it", description=__doc__
    )
    parser.add_argument(
        "--output", type=Path, default=Path("demo-output"), metavar="FOLDER", help="for the files (demo-output)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Telegrams, a load profile with its files, and how fast it is."""
    folder: Path = arguments.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CallAtFault(f"cannot make {folder}: {error.strerror}") from None
    known = fixtures.keys()
    keys = KeySet(Key(known.encryption_key), Key(known.authentication_key), system_title=known.system_title)
    reader = Reader(KeyRing({}, keys))
    _show_telegrams(reader)
    _show_profile(reader, folder)
    _show_speed()
    return SUCCESS


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


# ---- telegrams --------------------------------------------------------------------------------------------------


def _show_telegrams(reader: Reader) -> None:
    shown: dict[bytes, str] = {}
    for fixture in fixtures.telegrams():
        (reading,) = reader.read([[fixture.octets]])
        title = f"{fixture.name}: {len(fixture.octets)} octets. Like {fixture.like}"
        _say("", title, "-" * len(title))
        inside = reading.contents[-1]
        if inside.octets in shown:
            _say(f"{_opened(reading)}The same telegram as in {shown[inside.octets]}.")
        elif inside.value is not None:
            shown[inside.octets] = fixture.name
            _say(_opened(reading) + to_text(inside.value))


def _opened(reading: Reading) -> str:
    opened = reading.contents[-1].opened
    if opened is None:
        return ""
    checked = "its tag checked" if opened.authenticated else "it has no tag"
    return f"Deciphered, {checked}, invocation counter {opened.invocation_counter}. "


# ---- the load profile -------------------------------------------------------------------------------------------


def _show_profile(reader: Reader, folder: Path) -> None:
    fixture = fixtures.load_profile()
    (reading,) = reader.read([[fixture.octets]])
    assert reading.innermost is not None  # noqa: S101
    (octets,) = buffers(reading.innermost)
    profile = unpack_profile(
        octets,
        loads(fixture.capture_objects),
        capture_period=fixture.capture_period,
        scaler_units=fixture.scaler_units,
    )
    title = f"Load profile {fixture.logical_name}: {len(profile)} rows in {len(fixture.octets)} octets"
    _say("", title, "-" * len(title))
    _say(*(f"{name}  {column_title(profile, name)}" for name in profile.columns), "")
    _say(*table_lines(profile, head=8, tail=4))
    rebuilt = int(np.count_nonzero(profile.mask[profile.clock] & 2)) if profile.clock else 0
    _say("", f"{rebuilt} of {len(profile)} clocks were null-data; they are rebuilt from the capture period.")
    for gap in profile.gaps():
        _say(f"{gap.missing} rows are missing from {gap.start} UTC.")
    written = [
        *write_columns([profile], folder / "load_profile.parquet"),
        *write_plots([profile], folder / "load_profile.png"),
    ]
    _say(*(f"Written: {path}" for path in written))


# ---- speed ------------------------------------------------------------------------------------------------------


def _show_speed() -> None:
    octets = dumps(Array([_row(at) for at in range(ROWS)]))
    out = Profile.empty(unpack_profile(octets, capture_period=PERIOD).plan, ROWS)
    source, target = np.frombuffer(octets, np.uint8), np.empty(len(octets), np.uint8)
    copying = _best(lambda: np.copyto(target, source))
    reading = _best(lambda: unpack_profile(octets, out=out))
    _say(
        "",
        f"{ROWS} rows of 38 octets into numpy columns, warm: {reading * 1e6:.1f} us, "
        f"{ROWS / reading / 1e6:.0f} million rows/s, {reading / copying:.1f} x memcpy of the same octets.",
    )


def _row(at: int) -> Data:
    moment = CosemDateTime.from_epoch_milliseconds(START + 1000 * PERIOD * at, deviation=-60)
    registers = [DoubleLongUnsigned(1_000_000 * register + 37 * at) for register in range(1, 5)]
    return Structure([OctetString(moment.octets), Unsigned(0), *registers])


def _best(work: Callable[[], object]) -> float:
    """Seconds of one call, the best of several repeats."""
    timer = timeit.Timer(work)
    number = max(1, int(SECONDS / max(timer.timeit(10) / 10, 1e-9)))
    return min(timer.repeat(REPEATS, number)) / number

"""`dlms demo`: the full loop. A simulated ciphered meter, a client that reads its load profile over a socket, a table,
a Parquet file, a plot; then a telegram that a meter pushed."""

from __future__ import annotations

import argparse
import datetime
import sys
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dlms.cli.outcome import SUCCESS, CallAtFault
from dlms.cli.plot import write_plots
from dlms.cli.profiles import check_files, column_title, table_lines, write_columns
from dlms.cli.reading import Reader
from dlms.cosem.classes import Clock, Data, ProfileGeneric, Register
from dlms.cosem.profile import Profile, unpack_profile
from dlms.data import Array, DoubleLongUnsigned, OctetString, Structure, Unsigned, dumps
from dlms.data import Data as DataValue
from dlms.datetime import CosemDateTime
from dlms.demo import fixtures
from dlms.security import Key, KeyRing, KeySet
from dlms.translate import to_text

if TYPE_CHECKING:
    from dlms.simulate.running import RunningMeter

DAYS: Final = 7
ROWS: Final = 3000
PERIOD: Final = 900
START: Final = 1_704_067_200_000
REPEATS, SECONDS = 7, 0.05


def add_parser(subparsers: Any) -> None:
    """`dlms demo`."""
    parser = subparsers.add_parser("demo", help="simulate a meter, read it, show what it says", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=Path("demo-output"), metavar="FOLDER", help="for the files (demo-output)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """A meter, its load profile with the files, a telegram, and how fast it is."""
    folder: Path = arguments.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CallAtFault(f"cannot make {folder}: {error.strerror}") from None
    columns, plot = folder / "load_profile.parquet", folder / "load_profile.png"
    check_files(columns, plot)
    # Imported here: no other command needs meters, and each would start later for them.
    from dlms.simulate import Simulation
    from dlms.simulate.running import running

    with running(Simulation()) as simulation:
        _show_meter(simulation.meters[0], columns, plot)
    _show_telegram()
    _show_speed()
    return SUCCESS


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _title(text: str) -> None:
    _say("", text, "-" * len(text))


# ---- the meter --------------------------------------------------------------------------------------------------


def _show_meter(simulated: RunningMeter, columns: Path, plot: Path) -> None:
    model = simulated.simulated.model
    _title(f"A simulated {model.title} listens at {simulated.url}")
    _say(*(f'{name} = "{value}"' for name, value in simulated.description.items() if name in SHOWN))
    with simulated.connect() as meter:
        serial, at = meter.get(Data("0.0.96.1.0.255").value, Clock("0.0.1.0.0.255").time)
        energy = meter.read(Register("1.0.1.8.0.255"))
        _say(
            f"A client is let in. {len(meter.objects())} objects; serial number {serial.decode('ascii')}, "
            f"clock {at}, active energy {energy}."
        )
        midnight = datetime.datetime.combine(datetime.datetime.now(datetime.UTC), datetime.time(), datetime.UTC)
        began = time.perf_counter()
        profile = meter.read_profile(ProfileGeneric(model.profile), midnight - datetime.timedelta(days=DAYS), midnight)
        took = time.perf_counter() - began
    _title(f"Its load profile {model.profile}: the last {DAYS} days, {len(profile)} rows in {took * 1000:.1f} ms")
    _say(*(f"{name}  {column_title(profile, name)}" for name in profile.columns), "")
    _say(*table_lines(profile, head=8, tail=4))
    written = [*write_columns([profile], columns), *write_plots([profile], plot)]
    _say("", *(f"Written: {path}" for path in written))


SHOWN: Final = ("authentication", "policy", "encryption_key", "authentication_key")
"""What is shown of the meter's description; the keys are those of every simulated meter."""


# ---- a telegram -------------------------------------------------------------------------------------------------


def _show_telegram() -> None:
    known = fixtures.keys()
    keys = KeySet(Key(known.encryption_key), Key(known.authentication_key), system_title=known.system_title)
    fixture = next(each for each in fixtures.telegrams() if each.invocation_counter is not None)
    (reading,) = Reader(KeyRing({}, keys)).read([[fixture.octets]])
    inside = reading.contents[-1]
    _title(f"What a meter pushes: {fixture.name}, {len(fixture.octets)} octets. Like {fixture.like}")
    if inside.opened is not None and inside.value is not None:
        _say(f"Deciphered, invocation counter {inside.opened.invocation_counter}.", to_text(inside.value))
    _say(f"There are {len(fixtures.telegrams())} such telegrams in dlms.demo; `dlms decode` reads yours.")


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


def _row(at: int) -> DataValue:
    moment = CosemDateTime.from_epoch_milliseconds(START + 1000 * PERIOD * at, deviation=-60)
    registers = [DoubleLongUnsigned(1_000_000 * register + 37 * at) for register in range(1, 5)]
    return Structure([OctetString(moment.octets), Unsigned(0), *registers])


def _best(work: Callable[[], object]) -> float:
    """Seconds of one call, the best of several repeats."""
    timer = timeit.Timer(work)
    number = max(1, int(SECONDS / max(timer.timeit(10) / 10, 1e-9)))
    return min(timer.repeat(REPEATS, number)) / number

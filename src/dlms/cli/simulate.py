"""`dlms simulate`: meters with made-up values, served until the process is told to end."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlms.cli.outcome import SUCCESS, CallAtFault
from dlms.transport.url import with_options

if TYPE_CHECKING:
    from dlms.simulate import SimulatedMeter


def add_parser(subparsers: Any) -> None:
    """`dlms simulate`."""
    parser = subparsers.add_parser("simulate", help="be one or many meters", description=__doc__)
    parser.add_argument("--listen", metavar="URL", default="tcp://127.0.0.1:4059", help="tcp://127.0.0.1:4059")
    parser.add_argument(
        "--model", metavar="NAME", default="european", help="european, indian, dutch or norwegian (european)"
    )
    parser.add_argument("--meters", type=int, default=1, metavar="N", help="at ports from that of the URL on (1)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same meters (0)")
    parser.add_argument(
        "--together", action="store_true", help="all meters at one port, as logical devices 1, 2, 3 ..."
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="what is wrong with them: silent, slow (seconds), garbling (part of the answers), wrong-counters, "
        "reboot (seconds between two); may be given more than once",
    )
    parser.add_argument("--meter", metavar="FILE", type=Path, help="write what --meter of other commands reads")
    parser.add_argument("--to", metavar="URL", help="where a model that pushes sends its telegrams, too")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; one line that begins with `ready` says when."""
    _allow_many_connections()
    asyncio.run(_serve(arguments))
    return SUCCESS


async def _serve(arguments: argparse.Namespace) -> None:
    # Imported here: no other command needs meters, and each would start later for them.
    from dlms.simulate import Faults, Simulation

    simulation = Simulation(
        arguments.model, meters=arguments.meters, seed=arguments.seed, together=arguments.together,
        faults=Faults.parse(arguments.fault), destination=arguments.to,
    )  # fmt: skip
    async with simulation:
        try:
            url = await simulation.listen(arguments.listen)
        except OSError as error:
            raise CallAtFault(f"cannot listen at {arguments.listen}: {error.strerror or error}") from None
        ended = asyncio.Event()
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C interrupts what runs
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, ended.set)
        _introduce(simulation.meters[0], arguments.meter)
        count = len(simulation.meters)
        sys.stdout.write(f"ready {url} {count} {'meter' if count == 1 else 'meters'}\n")
        sys.stdout.flush()
        chance = asyncio.create_task(simulation.reboot_by_chance())
        await ended.wait()
        chance.cancel()


def _allow_many_connections() -> None:
    """Let as many files be open as the system lets us: a port and a connection are one each."""
    if importlib.util.find_spec("resource") is None:  # Windows has no such limit
        return
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _introduce(meter: SimulatedMeter, file: Path | None) -> None:
    """How to get in: the meter's TOML, with its keys, which are no secret."""
    lines = _toml_lines(meter.description)
    if file is not None:
        try:
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        except OSError as error:
            raise CallAtFault(f"cannot write {file}: {error.strerror}") from None
    name = file or "meter.toml"
    introduction = [f"# {meter.model.title} {meter.name}."]
    if meter.model.pushes:
        host, _, port = meter.url.partition("://")[2].rpartition(":")
        introduction += [f"# nc {host} {port} | dlms decode -"]
    else:
        introduction += [
            f"# TEST keys, known to everybody: for no real meter. As {name}:",
            *lines,
            f"# dlms objects '{with_options(meter.url, client=16)}'",
            f"# dlms profile --meter {name} {meter.model.profile}",
        ]
    sys.stdout.write("".join(f"{line}\n" for line in introduction))


def _toml_lines(description: Mapping[str, str]) -> list[str]:
    """A table of TOML, a line for each entry."""
    return [f'{name} = "{value}"' for name, value in description.items()]

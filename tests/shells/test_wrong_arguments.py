"""What is given in the place of an address, a method or a time is one clear error, and nothing is sent for it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import ENERGY, NAME, Running

from dlms import aio, client
from dlms.association.access import AccessPart
from dlms.cosem.classes import ProfileGeneric
from dlms.cosem.types import EntryDescriptor
from dlms.errors import ConfigurationError, DlmsError
from dlms.shell import Deadlines, Retries

ENTRIES = EntryDescriptor(from_entry=1, to_entry=2, from_selected_value=1, to_selected_value=0)
OBIS = "1.0.1.8.0.255"
PROFILE = ProfileGeneric("1.0.99.1.0.255")
WRONG: list[tuple[str, tuple[Any, ...], str]] = [
    ("get", (PROFILE.buffer, ENTRIES), "by name, as selection=EntryDescriptor"),
    ("get", (ENERGY.value, ENERGY), "address of an attribute, such as .*, got Register"),
    ("get", (OBIS,), "address of an attribute, such as .*, got '1.0.1.8.0.255'"),
    ("get", (ENERGY,), "address of an attribute"),
    ("get", (ENERGY.reset,), "address of an attribute"),
    ("get", (None,), "address of an attribute"),
    ("get_octets", (OBIS,), "address of an attribute"),
    ("set", (OBIS, 5), "address of an attribute"),
    ("set", (ENERGY.reset, 5), "address of an attribute"),
    ("set", (ENERGY.value, object()), "got <object"),
    ("call", (OBIS,), "address of a method"),
    ("call", (ENERGY.value,), "address of a method"),
    ("call", (ENERGY.reset, "now"), "holds an integer"),
    ("call_octets", (ENERGY,), "address of a method"),
    ("access", (ENERGY.value,), "AccessPart"),
    ("access", (AccessPart.get(OBIS),), "address of an attribute"),  # type: ignore[arg-type]
    ("access", (AccessPart.call(ENERGY.value),), "address of a method"),  # type: ignore[arg-type]
    ("read", (OBIS,), "address of an attribute"),
    ("read", (5,), "address of an attribute"),
    ("read_profile", (5,), "logical name"),
    ("read_profile", (ENERGY,), "no profile generic"),
    ("read_profile", (PROFILE, "2024-01-01"), "a datetime or a CosemDateTime, got '2024-01-01'"),
    ("update_firmware", ("image.bin", "NEW"), "octets or an open file, not 'image.bin'"),
]
NAIVE = datetime.datetime(2024, 1, 1)


@pytest.mark.parametrize("colour", COLOURS)
def test_wrong_kinds_of_arguments(meter: Running, colour: str) -> None:
    async def scenario(connect: Any) -> None:
        sent: list[str] = []
        async with connect(f"{meter.wrapper}?client=16", trace=lambda what, octets: sent.append(what)) as connected:
            sent.clear()
            for name, arguments, message in WRONG:
                with pytest.raises(DlmsError, match=message) as caught:
                    await getattr(connected, name)(*arguments)
                assert not sent, (name, caught.value)
            for options, message in (
                ({"tz": "Europe/Berlin"}, "tz is a zone, such as zoneinfo.ZoneInfo"),
                ({"columns": OBIS, "tz": datetime.UTC}, "a list of names, not the text '1.0.1.8.0.255'"),
            ):
                with pytest.raises(ConfigurationError, match=message):
                    await connected.read_profile(PROFILE, NAIVE, **options)
                assert not sent
            with pytest.raises(ConfigurationError, match="no selective access by"):
                await connected.get(ENERGY.value, selection=ENTRIES)
            assert await connected.get(NAME) == b"a meter of ours"

    run(colour, scenario)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("whom", "message"),
    [
        ({"url": 5}, "URL is text, not 5"),
        ({"url": f"tcp://{'a' * 64}.example"}, "not a meter's URL"),
        ({"url": "udp://a..example"}, "not a meter's URL"),
        ({"url": "127.0.0.1:4059"}, "'127.0.0.1:4059', which has no scheme such as tcp://"),
        ({"url": "http://127.0.0.1"}, "no meter is reached by http://"),
        ({"url": "tcp://127.0.0.1?client=65536"}, "0 to 65535"),
        ({"url": "hdlc+tcp://127.0.0.1:1?client=128"}, "client 128.* not between 0 and 127"),
        ({"url": "hdlc+tcp://127.0.0.1:1?server=70000"}, "server 70000"),
        ({"url": "tcp://127.0.0.1", "security": {}}, "a dlms.Security, not dict"),
        ({"url": "tcp://127.0.0.1", "security": "none"}, "a dlms.Security, not str"),
        ({"url": "tcp://127.0.0.1", "quirks": 5}, "not 5"),
        ({"url": "tcp://127.0.0.1", "quirks": {"nothing": True}}, "unknown quirks: nothing"),
        ({"url": "tcp://127.0.0.1", "user_id": "5"}, "user_id"),
        ({"url": "tcp://127.0.0.1", "retries": 3}, "retries: expected a dlms.client.Retries, got 3"),
        ({"url": "tcp://127.0.0.1", "deadlines": 5.0}, "deadlines: expected a dlms.client.Deadlines, got 5.0"),
        ({"url": "tcp://127.0.0.1", "keep_alive": "60"}, "keep_alive is a number of seconds above 0, not '60'"),
        ({"meter": 5}, "a TOML file or its table, not by 5"),
    ],
)
def test_a_meter_that_cannot_be_named_so(colour: str, whom: dict[str, Any], message: str) -> None:
    """Nothing is dialled: it is the caller's fault, not the network's."""

    async def scenario(connect: Any) -> None:
        with pytest.raises(ConfigurationError, match=message):
            async with connect(whom.get("url"), **{name: given for name, given in whom.items() if name != "url"}):
                pass

    run(colour, scenario)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), None, "5"])
def test_no_time_can_be_that_long(seconds: Any) -> None:
    for name in ("transport", "link", "response", "release"):
        with pytest.raises(ConfigurationError, match=f"{name} is a number of seconds"):
            Deadlines(**{name: seconds})
    with pytest.raises(ConfigurationError, match="longest_pause"):
        Retries(longest_pause=seconds)
    with pytest.raises(ConfigurationError, match="times"):
        Retries(times=seconds)


def test_nothing_listens_at_a_port_that_is_none() -> None:
    for listen in (client.listen_for_meters, aio.listen_for_meters):
        with pytest.raises(ConfigurationError, match="not 65536"):
            listen("127.0.0.1", 65536)
        with pytest.raises(ConfigurationError, match="no host"):
            listen("a" * 64, 0)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_no_signs_of_life_without_a_pause_between(seconds: float) -> None:
    """0 would have the meter asked as fast as it answers."""
    with pytest.raises(ConfigurationError, match="keep_alive"):
        client.connect("tcp://127.0.0.1", keep_alive=seconds)

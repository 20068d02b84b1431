"""What is given in the place of an address, a method or a time is one clear error, and nothing is sent for it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import ENERGY, NAME, Running

from dlms.association.access import AccessPart
from dlms.cosem.classes import ProfileGeneric
from dlms.cosem.types import EntryDescriptor
from dlms.errors import ConfigurationError, DlmsError

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
]


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
            with pytest.raises(ConfigurationError, match="no selective access by"):
                await connected.get(ENERGY.value, selection=ENTRIES)
            assert await connected.get(NAME) == b"a meter of ours"

    run(colour, scenario)

"""What a trace shows, and that it shows no key: frames, APDUs and plaintext, in both colours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serving import serving
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import AK, EK, ENERGY, NAME, Running, secured

import dlms
from dlms.apdu import decode, encode
from dlms.apdu.acse import Aarq
from dlms.association.opening import LN_CONFORMANCE
from dlms.cli import main
from dlms.cosem.classes import Data, SmtpSetup
from dlms.data import Array, Enum, OctetString, Structure
from dlms.enumerations import Conformance, MethodAccessV3
from dlms.link.hdlc_settings import HdlcSettings
from dlms.security.settings import Security
from dlms.server import READ_AND_WRITE, LogicalDevice, ServedClient, Server
from dlms.shell.redaction import Redacted, secret_attributes, secret_methods
from dlms.shell.target import Target
from dlms.transport.capture import CaptureFile
from dlms_core import llc
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet
from dlms_core.hdlc_reader import FrameReader

PASSWORD = b"VerySecretPassword"
SECRET = b"0123456789abcdef-and-more-of-it"
WRAPPED = bytes(range(100, 124))
LONG_SECRET = hashlib.shake_128(b"a secret").digest(1500)
CREDENTIALS = SmtpSetup("0.0.25.5.0.255").login_password
IN_GENERAL_BLOCKS = (
    LN_CONFORMANCE & ~Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE & ~Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.GENERAL_BLOCK_TRANSFER
)


class Seen(list[tuple[str, bytes]]):
    """A trace that remembers."""

    def __call__(self, what: str, octets: bytes) -> None:
        self.append((what, octets))

    def of(self, what: str) -> list[bytes]:
        return [octets for each, octets in self if each == what]

    @property
    def everything(self) -> bytes:
        return b"|".join(octets for _, octets in self)


@pytest.fixture(scope="module")
def with_password() -> Iterator[Running]:
    rights: dict[str, Any] = {"attributes": READ_AND_WRITE, "methods": MethodAccessV3.ACCESS}
    secret: dict[str, Any] = {"authentication": "lls", "password": PASSWORD.decode(), **rights}
    clients = [ServedClient(17, **secret), ServedClient(18, max_receive_pdu_size=120, **secret)]
    device = LogicalDevice("TST0000000000001", system_title=b"TST\0\0\0\0\1", clients=clients)
    device[CREDENTIALS] = OctetString(LONG_SECRET)
    device[Data("0.0.96.1.0.255").value] = OctetString(b"a meter of ours")
    device[dlms.AttributeRef(15, "0.0.40.0.7.255", 7)] = OctetString(SECRET)
    for ref in (dlms.MethodRef(64, "0.0.43.0.9.255", 2), dlms.MethodRef(15, "0.0.40.0.7.255", 2)):
        device.on_call(ref, lambda argument: None)
    with serving(Server(device), "tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0") as (wrapper, hdlc):
        yield Running(wrapper=wrapper, hdlc=hdlc, udp="", pair="")


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("link", ["wrapper", "hdlc", "small frames"])
def test_no_password_and_no_secret_is_shown(with_password: Running, colour: str, link: str) -> None:
    seen = Seen()
    hdlc = HdlcSettings(information_transmit=32, information_receive=32) if link == "small frames" else None
    url = with_password.wrapper if link == "wrapper" else with_password.hdlc

    async def scenario(connect: Any) -> None:
        security = Security("lls", password=PASSWORD)
        async with connect(f"{url}?client=17", security=security, trace=seen, hdlc=hdlc) as meter:
            assert await meter.get(NAME) == b"a meter of ours"
            keys = Array([Structure([Enum(0), OctetString(WRAPPED)])])
            await meter.call(dlms.MethodRef(64, "0.0.43.0.9.255", 2), keys)
            await meter.call(dlms.MethodRef(15, "0.0.40.0.7.255", 2), OctetString(SECRET))
            await meter.set(dlms.AttributeRef(15, "0.0.40.0.7.255", 7), OctetString(SECRET))
            await meter.get(dlms.AttributeRef(15, "0.0.40.0.7.255", 7))
            assert await meter.get(NAME) == b"a meter of ours"

    run(colour, scenario)
    for secret in (PASSWORD, SECRET, WRAPPED):
        for start in range(0, len(secret) - 8, 4):  # nor a part of it, in whatever frame it went
            assert secret[start : start + 8] not in seen.everything
    assert b"*" * len(PASSWORD) in b"".join(seen.of("apdu sent"))
    assert b"a meter of ours" in b"".join(seen.of("apdu received"))
    aarq = decode(seen.of("apdu sent")[0])
    assert isinstance(aarq, Aarq)
    assert aarq.calling_authentication_value == b"*" * len(PASSWORD)
    if link != "wrapper":  # the frames are whole: their checks fit what they show
        found = FrameReader().read(b"".join(seen.of("sent")))
        assert all(isinstance(frame, Frame) for frame in found)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("link", ["wrapper", "hdlc", "small frames"])
@pytest.mark.parametrize("form", ["general blocks", "short names", "blocks of services"])
def test_no_secret_is_shown_in_blocks(with_password: Running, colour: str, link: str, form: str) -> None:
    """Written and read in blocks of any kind, by logical and by short names, in frames of a window."""
    seen = Seen()
    small = HdlcSettings(information_transmit=32, information_receive=32, window_transmit=7, window_receive=7)
    options: dict[str, Any] = {"short_names": form == "short names"}
    if form == "general blocks":
        options["conformance"] = IN_GENERAL_BLOCKS
    url = with_password.wrapper if link == "wrapper" else with_password.hdlc

    async def scenario(connect: Any) -> None:
        security = Security("lls", password=PASSWORD)
        async with connect(
            f"{url}?client=18", security=security, trace=seen, hdlc=small if link == "small frames" else None,
            max_receive_pdu_size=120, **options,
        ) as meter:  # fmt: skip
            await meter.set(CREDENTIALS, LONG_SECRET)
            assert await meter.get(CREDENTIALS) == LONG_SECRET
            assert await meter.get(NAME) == b"a meter of ours"

    run(colour, scenario)
    everything = seen.everything
    assert [start for start in range(len(LONG_SECRET) - 8) if LONG_SECRET[start : start + 8] in everything] == []
    assert sum(octets.count(b"*") for octets in seen.of("apdu sent")) >= len(LONG_SECRET)
    assert b"a meter of ours" in b"".join(seen.of("apdu received"))


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_everything_that_passes_is_shown(meter: Running, colour: str, link: str) -> None:
    seen = Seen()

    async def scenario(connect: Any) -> None:
        security = secured(dedicated_key=True)
        async with connect(f"{getattr(meter, link)}?client=1", security=security, trace=seen) as connected:
            assert await connected.get(NAME) == b"a meter of ours"

    run(colour, scenario)
    assert {what for what, _ in seen} == {
        f"{layer}{direction}" for layer in ("", "apdu ", "plaintext ") for direction in ("sent", "received")
    }
    everything = seen.everything
    assert bytes.fromhex(EK) not in everything
    assert bytes.fromhex(AK) not in everything
    assert b"a meter of ours" in b"".join(seen.of("plaintext received"))
    assert b"a meter of ours" not in b"".join(seen.of("apdu received") + seen.of("received"))
    (initiate,) = (octets for octets in seen.of("plaintext sent") if octets.startswith(b"\x01\x01"))
    assert b"*" * 16 in initiate  # the dedicated key


@pytest.mark.parametrize("link", ["wrapper", "hdlc", "small frames"])
def test_a_capture_file_is_decoded(
    with_password: Running, link: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "capture.txt"
    url = with_password.wrapper if link == "wrapper" else with_password.hdlc
    hdlc = HdlcSettings(information_transmit=32, information_receive=32) if link == "small frames" else None
    security = Security("lls", password=PASSWORD)
    with (
        CaptureFile(path) as capture,
        dlms.connect(f"{url}?client=17", security=security, trace=capture, hdlc=hdlc) as connected,
    ):
        assert connected.get(NAME) == b"a meter of ours"
    assert main(["decode", str(path)]) == 0
    shown = capsys.readouterr().out
    names = ("aarq", "aare", "get-request-normal", "get-response-normal", "rlrq", "rlre")
    places = [shown.index(f"\n{name}") for name in names]
    assert link == "small frames" or places == sorted(places)
    assert PASSWORD.hex().upper() not in shown
    assert main(["decode", "--json", str(path)]) == 0
    assert capsys.readouterr().out.count("\n") == len(names)


def target(url: str = "hdlc+tcp://meter:1?client=16") -> Target:
    return Target.of(url)


@given(st.lists(st.tuples(st.sampled_from(["sent", "received", "apdu sent", "apdu received", "plaintext sent",
                                           "plaintext received"]), st.binary(max_size=60)), max_size=8))  # fmt: skip
def test_octets_of_any_kind_are_shown_as_they_are_unless_they_bear_keys(events: list[tuple[str, bytes]]) -> None:
    for url in ("hdlc+tcp://meter:1?client=16", "tcp://meter"):
        seen = Seen()
        trace = Redacted(seen, target(url))
        for what, octets in events:
            trace(what, octets)
        assert [what for what, _ in seen] == [what for what, _ in events]
        assert [len(octets) for _, octets in seen] == [len(octets) for _, octets in events]


@given(st.lists(st.integers(1, 7), max_size=12))
def test_an_echo_does_not_give_the_password_away(cuts: list[int]) -> None:
    seen = Seen()
    trace = Redacted(seen, target())
    aarq = encode(Aarq(application_context_name="2.16.756.5.8.1.1", sender_acse_requirements="1",
                       mechanism_name="2.16.756.5.8.2.1", calling_authentication_value=PASSWORD))  # fmt: skip
    trace("apdu sent", aarq)
    control = control_octet(FrameKind.I, poll_final=True, send_sequence=0, receive_sequence=0)
    octets = Frame(HdlcAddress(1), HdlcAddress(16), control, llc.add(aarq, response=False)).encode()
    trace("sent", octets)
    rest = octets
    for cut in cuts:
        trace("received", rest[:cut])
        rest = rest[cut:]
    trace("received", rest + b"answer")
    for start in range(len(PASSWORD) - 4):
        assert PASSWORD[start : start + 4] not in b"".join(seen.of("received"))
    assert seen.of("received")[-1].endswith(b"answer")
    assert len(b"".join(seen.of("received"))) == len(octets) + 6


def test_the_secrets_are_those_that_the_book_names() -> None:
    assert {(15, 7), (46, 4), (28, 3), (15, 2), (45, 3)} & secret_attributes() == {(15, 7), (46, 4), (45, 3)}
    assert {(15, 2), (64, 2), (12, 5), (12, 6), (72, 7), (72, 8)} <= secret_methods()
    assert not {(15, 1), (64, 1), (64, 4)} & secret_methods()


def test_values_that_are_no_keys_are_shown(meter: Running) -> None:
    seen = Seen()
    with dlms.connect(f"{meter.wrapper}?client=16", trace=seen) as connected:
        connected.get(ENERGY.value)
    assert (123456).to_bytes(4, "big") in b"".join(seen.of("received"))

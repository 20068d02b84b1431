"""Messages of the ASCII protocol: forms of the standard, damaged ones, any octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms.errors import DecodeError, EncodeError
from dlms_core.iec62056_21 import (
    ACKNOWLEDGE,
    COMMAND,
    DATA,
    IDENTIFICATION,
    OPTION_SELECT,
    REPEAT,
    REQUEST,
    DataSet,
    Message,
    MessageReader,
    build,
    data_sets,
)

READOUT = "0.0.0(12345678)\r\n1.8.0(001234.5*kWh)\r\n1.6.1(1.23*kW)(24-01-01 12:00)\r\n!\r\n"
FORMS = [
    (REQUEST, "", b"/?!\r\n"),
    (REQUEST, "12345678", b"/?12345678!\r\n"),
    (IDENTIFICATION, "LGZ4ZMF100AC.M23", b"/LGZ4ZMF100AC.M23\r\n"),
    (IDENTIFICATION, "ISK5\\2M171-0000", b"/ISK5\\2M171-0000\r\n"),
    (OPTION_SELECT, "050", b"\x06050\r\n"),
    (OPTION_SELECT, "252", b"\x06252\r\n"),
    (ACKNOWLEDGE, "", b"\x06"),
    (REPEAT, "", b"\x15"),
    (COMMAND, "B0", b"\x01B0\x03q"),
    (COMMAND, "P1(00000000)", b"\x01P1\x02(00000000)\x03a"),
    (COMMAND, "R1C.1.0()", None),
    (DATA, READOUT, None),
    (DATA, "1.8.0(1)", None),
]


@pytest.mark.parametrize(("kind", "text", "octets"), FORMS)
def test_forms(kind: str, text: str, octets: bytes | None) -> None:
    built = build(kind, text)
    if octets is not None:
        assert built == octets
    reader = MessageReader(option_select=kind == OPTION_SELECT)
    assert reader.read(built) == [Message(kind, text)]
    with_parity = bytes(octet | (octet.bit_count() & 1) << 7 for octet in built)
    for octet in with_parity[:-1]:
        assert reader.read(bytes([octet])) == []
    assert reader.read(with_parity[-1:]) == [Message(kind, text)]


def test_data_sets() -> None:
    assert data_sets(READOUT) == [
        DataSet("0.0.0", "12345678"),
        DataSet("1.8.0", "001234.5", "kWh"),
        DataSet("1.6.1", "1.23", "kW"),
        DataSet("", "24-01-01 12:00"),
    ]
    for text, offset in (("1.8.0", 0), ("1.8.0(5", 5), ("1.8.0(5)\r\n2.8.0", 10)):
        with pytest.raises(DecodeError) as refused:
            data_sets(text)
        assert refused.value.offset == offset


def test_a_check_character_that_does_not_fit() -> None:
    octets = bytearray(build(DATA, READOUT))
    octets[10] ^= 1
    (message,) = MessageReader().read(bytes(octets))
    assert message.kind == DATA
    assert "check character" in str(message.fault)


def test_noise_between_messages() -> None:
    events = MessageReader().read(b"\xff\x00garbage" + build(REQUEST) + b"xx" + build(DATA, "1(2)"))
    assert [type(event).__name__ for event in events] == ["DecodeError", "Message", "DecodeError", "Message"]
    reader = MessageReader()
    assert reader.read(b"\x02never ending") == []
    assert [type(event) for event in reader.finish()] == [DecodeError]


def test_a_line_that_never_ends() -> None:
    reader = MessageReader()
    events = reader.read(b"/" + b"x" * 1000)
    assert reader.pending < 200
    assert events


@pytest.mark.parametrize(("kind", "text"), [("other", ""), (OPTION_SELECT, "05"), (ACKNOWLEDGE, "x"), (COMMAND, "B")])
def test_what_has_no_form(kind: str, text: str) -> None:
    with pytest.raises(EncodeError):
        build(kind, text)
    with pytest.raises(EncodeError):
        build(DATA, "é")


@given(st.lists(st.binary(max_size=30) | st.sampled_from([form[2] or b"\x02" for form in FORMS]), max_size=12))
def test_the_portions_do_not_matter(pieces: list[bytes]) -> None:
    whole, parted = MessageReader(), MessageReader()
    octets = b"".join(pieces)
    events = [event for piece in pieces for event in parted.read(piece)] + parted.finish()
    assert list(map(str, events)) == list(map(str, whole.read(octets) + whole.finish()))


@given(st.text(max_size=60))
def test_any_text_of_data_sets(text: str) -> None:
    try:
        found = data_sets(text)
    except DecodeError:
        return
    assert all("(" not in item.address for item in found)

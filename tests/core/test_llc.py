"""The LLC header before an APDU."""

import pytest

from dlms_core import llc


@pytest.mark.parametrize(
    ("octets", "headers", "rest"),
    [
        ("E6E600C001C1", 1, "C001C1"),
        ("E6E7000F", 1, "0F"),
        ("E6E700E6E7006129", 2, "6129"),  # a meter in India sends it twice in its AARE
        ("E6E7", 0, "E6E7"),
        ("E6E701C4", 0, "E6E701C4"),
        ("E6E8000F", 0, "E6E8000F"),
        ("C401C1", 0, "C401C1"),
        ("", 0, ""),
        ("E6E700", 1, ""),
    ],
)
def test_headers_and_remove(octets, headers, rest):
    assert llc.headers(bytes.fromhex(octets)) == headers
    assert llc.remove(bytes.fromhex(octets)).hex().upper() == rest


def test_split():
    octets = bytes.fromhex("0F0102 E6E700 0F03")
    assert llc.split(octets, 3) == (octets[:3], octets[6:])
    for elsewhere in (-1, 0, 2, 4, 8, 9):
        assert llc.split(octets, elsewhere) == (octets, b"")
    assert llc.split(b"\xe6\xe7\x00", 0) == (b"", b"")


def test_add():
    assert llc.add(b"\xc0\x01", response=False) == llc.COMMAND + b"\xc0\x01"
    assert llc.add(bytearray(b"\xc4\x01"), response=True) == llc.RESPONSE + b"\xc4\x01"


def test_octets_only():
    with pytest.raises(TypeError):
        llc.remove("E6E700")

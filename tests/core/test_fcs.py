"""CRC-16/X-25: published values, and the kernels against the register stepped bit by bit."""

from __future__ import annotations

import random
import re
from importlib.resources import files

import pytest

from dlms_core.fcs import IMPLEMENTATION, IMPLEMENTATIONS, fcs16, fcs16_by


def stepped(octets: bytes) -> int:
    """The register of ISO/IEC 13239, a bit at a time."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return register ^ 0xFFFF


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(
    ("octets", "check"),
    [
        (b"123456789", 0x906E),  # the catalogue's check value of CRC-16/IBM-SDLC
        (b"", 0x0000),
    ],
)
def test_published(implementation: str, octets: bytes, check: int) -> None:
    assert fcs16_by(implementation, octets) == check


@pytest.mark.parametrize(
    "frame",
    [
        "A00A00020023219318 71",  # an SNRM to a 4-octet server address
        "A00A2100020023734CE7",  # a UA without parameters
        "A0080221419350B4",  # an SNRM to a 2-octet server address
    ],
)
def test_frame(frame: str) -> None:
    octets = bytes.fromhex(frame)
    assert fcs16(octets[:-2]).to_bytes(2, "little") == octets[-2:]


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_every_length(implementation: str) -> None:
    octets = random.Random(1).randbytes(400)
    for length in range(len(octets) + 1):
        assert fcs16_by(implementation, octets[:length]) == stepped(octets[:length]), length


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_every_bit_counts(implementation: str) -> None:
    """Single octets in every place: each entry of each table and each fold is used alone."""
    for length in (1, 8, 16, 32, 64, 80, 150):
        for place in range(length):
            for bit in range(8):
                octets = bytearray(length)
                octets[place] = 1 << bit
                assert fcs16_by(implementation, octets) == stepped(octets)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_long(implementation: str) -> None:
    octets = random.Random(2).randbytes(100_003)
    assert fcs16_by(implementation, octets) == stepped(octets)


def test_good_register_goes_on() -> None:
    """Behind a good check sequence the register is the same constant, whatever came before."""
    head = b"any header"
    head += fcs16(head).to_bytes(2, "little")
    other = b"quite another one"
    other += fcs16(other).to_bytes(2, "little")
    assert fcs16(head) == fcs16(other) == 0xF0B8 ^ 0xFFFF
    assert fcs16(head + b"information") == fcs16(other + b"information")


def test_constants() -> None:
    """How the numbers of fcs.h are made."""
    header = files("dlms_core").joinpath("fcs.h").read_text()
    rows = [int(number, 16) for number in re.findall(r"0x([0-9A-F]{4})[,)]", header)]
    register, steps = 0x8408, []
    for _ in range(128):
        steps.append(register)
        register = register >> 1 ^ (0x8408 if register & 1 else 0)
    assert rows == steps

    def power(exponent: int) -> int:
        """x^exponent modulo x^16 + x^12 + x^5 + 1, the coefficient of x^j at bit 63 - j."""
        remainder = 1
        for _ in range(exponent):
            remainder <<= 1
            if remainder & 0x10000:
                remainder ^= 0x11021
        return sum(1 << (63 - j) for j in range(16) if remainder >> j & 1)

    constants = dict(re.findall(r"#define DLMS_FCS_OVER_(\w+) 0x([0-9A-F]{16})u", header))
    assert {name: int(number, 16) for name, number in constants.items()} == {
        "128_HIGH": power(127),
        "128_LOW": power(191),
        "512_HIGH": power(511),
        "512_LOW": power(575),
    }


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_contiguous_buffer(kind: type) -> None:
    assert fcs16(kind(b"123456789")) == 0x906E


def test_other_arguments() -> None:
    with pytest.raises(TypeError):
        fcs16("123456789")  # type: ignore[arg-type]
    with pytest.raises(BufferError):
        fcs16(memoryview(b"123456789")[::2])
    with pytest.raises(ValueError, match="not one of"):
        fcs16_by("bitwise", b"")
    assert IMPLEMENTATIONS[0] == IMPLEMENTATION
    assert "slice16" in IMPLEMENTATIONS

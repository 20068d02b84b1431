"""Any octets are an APDU or a DecodeError; sound ones cut short, with a bit turned, or with octets behind them too."""

from __future__ import annotations

import tracemalloc

import pytest
from fuzz.fuzz_decode import check
from fuzz.fuzz_encode import check as check_encoding
from hypothesis import example, given
from hypothesis import strategies as st

import dlms

SOUND = [
    bytes.fromhex(text)
    for text in (
        "C401C1000600001391",
        "C401C100020309060100010800FF06000000050202120001010211011102",
        "C403C102000600000058010B",
        "C003C102000100002A0000FF020000080000010000FF02010100",
        "0F400000000C07E10A010700000000FFC480020209060100010800FF1106",
        "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738BE10040E01000000065F1F0400007E1F04B0",
        "6142A109060760857405080101A203020100A305A10302010E88020780890760857405080205AA0A8008503677524A323146"
        "BE10040E0800065F1F040000501F01F40007",
        "DA4000000000000409083030303030303031090C07DC030C07161E0000FF88800000040100010002000200",
        "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B",
        "DD000000000001010001C8082000000001020304",
        "050104FA0802020212000109060000600100FF",
        "E0810001000003616263",
        "D801060000002A",
    )
]
FIRST = sorted({octets[0] for octets in SOUND} | {0x01, 0x08, 0x0C, 0x0E, 0x18, 0xC1, 0xC5, 0xC7, 0xD9, 0xDB, 0xDF})


@given(st.binary(max_size=64) | st.builds(lambda tag, rest: bytes([tag]) + rest, st.sampled_from(FIRST), st.binary()))
@example(b"")
@example(b"\x0d\x84\xff\xff\xff\xff")
@example(b"\xc4\x01\x00\x00" + b"\x02\x01" * 50_000)
def test_any_octets(octets):
    check(octets)


@pytest.mark.parametrize("octets", SOUND, ids=lambda octets: octets[:2].hex())
def test_cut_at_every_octet(octets):
    assert dlms.encode(dlms.decode(octets)) == octets
    for end in range(len(octets)):
        try:
            message = dlms.decode(octets[:end])
        except dlms.DecodeError as error:
            assert error.offset <= end  # noqa: PT017
        else:
            assert message.deviations


@pytest.mark.parametrize("octets", SOUND, ids=lambda octets: octets[:2].hex())
def test_every_bit_turned(octets):
    for bit in range(8 * len(octets)):
        turned = bytearray(octets)
        turned[bit // 8] ^= 0x80 >> bit % 8
        check(bytes(turned))


@given(st.sampled_from(SOUND), st.integers(0, 2**31))
def test_fields_replaced_by_anything(octets, seed):
    check_encoding(octets + bytes(0))
    check_encoding(octets[: seed % (len(octets) + 1)])


@given(st.sampled_from(SOUND), st.binary(min_size=1))
def test_octets_behind(octets, behind):
    try:
        message = dlms.decode(octets + behind)
    except dlms.DecodeError as error:
        assert error.offset == len(octets)  # noqa: PT017
    else:
        assert message.deviations[-1].endswith("follow its end")
        assert message == dlms.decode(octets)


def test_a_count_of_four_milliards_allocates_nothing():
    for head in (
        "0D84FFFFFFFF",
        "C403C184FFFFFFFF",
        "C401C1000184FFFFFFFF",
        "0C01000984FFFFFFFF",
    ):
        octets = bytes.fromhex(head)
        with pytest.raises(dlms.DecodeError):
            dlms.decode(octets)
        tracemalloc.start()
        try:
            with pytest.raises(dlms.DecodeError):
                dlms.decode(octets)
            assert tracemalloc.get_traced_memory()[1] < 16_384
        finally:
            tracemalloc.stop()

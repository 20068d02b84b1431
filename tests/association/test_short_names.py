"""Read and write with short names against scripted peers, and the captured ones octet for octet."""

from __future__ import annotations

from typing import Any

import pytest
from tests.association.scripted import EVERYTHING, Wire, negotiated, script
from tests.captured import REASON, items

from dlms.apdu import decode, decode_with_data_octets, encode_with_data_octets
from dlms.apdu.get import SelectiveAccessDescriptor
from dlms.apdu.read_write import DataBlockResult, ReadRequest, ReadResponse
from dlms.association.client import ClientAssociation
from dlms.association.opening import Proposal
from dlms.association.short_names import Variable, read, write, write_unconfirmed
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import DoubleLongUnsigned, Integer, OctetString, Unsigned
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, DlmsError, ProtocolError
from dlms.link.framing import discover
from dlms.link.telegram import Telegram
from dlms.quirks import Quirks
from dlms.security import Security
from dlms.service_errors import ObjectUndefined, OtherReason, ReadWriteDenied

TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
ENERGY = AttributeRef(3, "1.0.1.8.0.255", 2)
RESET = MethodRef(3, "1.0.1.8.0.255", 1)
LOOK_UP_TEXT = "050104FA0802020212000109060000600100FF"
TEXT_AT_1000 = "0C01000204101000120001110009060000600100FF"
OBJECT_LIST = (
    "0C0100010302041010001200011100090600006001 00FF02041020001200031100090601000108 00FF"
    "020410FA0012000C110209060000280000FF"
).replace(" ", "")


def association(**options: Any) -> ClientAssociation:
    quirks = options.pop("quirks", Quirks())
    client = ClientAssociation(Proposal(security=Security(), short_names=True, quirks=quirks))
    client._negotiated = negotiated(short_names=True, **options)
    return client


def hexadecimal(wire: Wire) -> list[str]:
    return [octets.hex().upper() for octets in wire.sent]


# ---- addressing by logical name -----------------------------------------------------------------------------------


def test_an_object_is_looked_up_once() -> None:
    client = association()
    wire = script(TEXT_AT_1000, "0C01000902" + "4142", "0C01000902" + "4344")
    assert wire.run(client.get(TEXT)) == b"AB"
    assert wire.run(client.get(TEXT)) == b"CD"
    assert hexadecimal(wire) == [LOOK_UP_TEXT, "0501021008", "0501021008"]


def test_the_object_list_is_read_where_the_meter_takes_no_parameters() -> None:
    client = association(conformance=EVERYTHING & ~Conformance.PARAMETERIZED_ACCESS)
    wire = script(OBJECT_LIST, "0C01000902" + "4142", "0C010006000000" + "07")
    assert wire.run(client.get(TEXT)) == b"AB"
    assert wire.run(client.get(ENERGY)) == 7
    assert hexadecimal(wire) == ["050102FA08", "0501021008", "0501022008"]


def test_the_object_list_is_read_where_the_look_up_is_refused() -> None:
    client = association()
    wire = script("0C010103", OBJECT_LIST, "0C01000902" + "4142")
    assert wire.run(client.get(TEXT)) == b"AB"
    assert hexadecimal(wire) == [LOOK_UP_TEXT, "050102FA08", "0501021008"]


def test_an_object_that_the_meter_does_not_list_is_undefined() -> None:
    client = association()
    wire = script(OBJECT_LIST)  # all of them in answer to the look-up of one
    with pytest.raises(ObjectUndefined, match=r"1-0:9\.8\.0"):
        wire.run(client.get(AttributeRef(3, "1.0.9.8.0.255", 2)))
    with pytest.raises(ObjectUndefined):
        wire.run(client.get(AttributeRef(3, "1.0.9.8.1.255", 2)))
    assert len(wire.sent) == 1


@pytest.mark.parametrize("answer", ["0C01000204", "0C0100010102011100", "0C0100020410100012000111000905000060 0100"])
def test_an_object_list_that_is_none_is_an_error(answer: str) -> None:
    with pytest.raises(DlmsError):
        script(answer.replace(" ", "")).run(association().get(TEXT))


def test_several_attributes_keep_their_places() -> None:
    client = association()
    wire = script(OBJECT_LIST, "0C03" + "0009024142" + "010B" + "000600000007")
    missing, second = AttributeRef(3, "1.0.9.8.0.255", 2), AttributeRef(3, "1.0.1.8.0.255", 3)
    found = wire.run(client.get_several([TEXT, missing, second, ENERGY], errors="return"))
    assert (found[0], found[3]) == (b"AB", 7)
    assert isinstance(found[1], ObjectUndefined)
    assert found[2].what == second
    assert hexadecimal(wire)[1] == "0503021008022010022008"


def test_attributes_below_one_have_no_short_name() -> None:
    with pytest.raises(ConfigurationError):
        script(OBJECT_LIST).run(association().get(AttributeRef(1, "0.0.96.1.0.255", 0)))


def test_selective_access_is_parameterised_access() -> None:
    client = association()
    wire = script(TEXT_AT_1000, "0C01000902" + "4142")
    assert wire.run(client.get(TEXT, SelectiveAccessDescriptor(2, Unsigned(5)))) == b"AB"
    assert hexadecimal(wire)[1] == "050104100802" + "1105"


# ---- methods ------------------------------------------------------------------------------------------------------


def test_a_method_is_read_with_its_argument_as_the_parameter() -> None:
    client = association()
    wire = script(OBJECT_LIST, "0C0100FF")  # dont-care: how jDLMS returns nothing
    assert wire.run(client.call(RESET, Integer(0))) is None
    assert hexadecimal(wire)[1] == "050104202801" + "0F00"


@pytest.mark.parametrize("quirk", [True, False])
def test_a_method_is_written_where_reading_does_not_do(quirk: bool) -> None:
    if quirk:
        client = association(quirks=Quirks(short_name_methods_written=True))
    else:
        client = association(conformance=EVERYTHING & ~Conformance.PARAMETERIZED_ACCESS)
    wire = script(OBJECT_LIST, "0D0100", "0D010103")
    assert wire.run(client.call(RESET, Integer(0))) is None
    assert hexadecimal(wire)[1] == "0601022028010F00"
    with pytest.raises(ReadWriteDenied):
        wire.run(client.call(RESET, Integer(0)))


def test_a_method_at_an_unknown_offset_is_not_guessed() -> None:
    client = association()
    with pytest.raises(ConfigurationError, match="offset"):
        script(OBJECT_LIST).run(client.call(MethodRef(1, "0.0.96.1.0.255", 1), Integer(0)))


# ---- read ---------------------------------------------------------------------------------------------------------


def in_blocks(octets: bytes, size: int, numbers: list[int] | None = None) -> Wire:
    """A meter that gives `octets` in blocks of `size`; `numbers` are what it calls them."""
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    numbers = numbers or list(range(1, len(pieces) + 1))
    blocks = [
        encode_with_data_octets(ReadResponse((DataBlockResult(at == len(pieces), number, piece),)))
        for at, (number, piece) in enumerate(zip(numbers, pieces, strict=True), 1)
    ]
    return script(*blocks)


VALUE = b"\x09\x81\xc8" + bytes(200)


@pytest.mark.parametrize("head", [b"\x01\x00", b""])
@pytest.mark.parametrize("size", [1, 50, 203])
def test_a_long_value_comes_in_blocks(head: bytes, size: int) -> None:
    wire = in_blocks(head + VALUE, size)
    assert wire.run(read(negotiated(short_names=True), [Variable(0x1008)])) == [VALUE]
    asked = [decode(octets) for octets in wire.sent[1:]]
    assert [number.variable_access_specification[0].block_number for number in asked] == list(range(1, len(wire.sent)))


@pytest.mark.parametrize("numbers", [[1, 3, 4, 5], [1, 1, 2, 3], [1, 2, 2, 3], [2, 3, 4, 5], [1, 2, 3, 65535]])
def test_blocks_out_of_order_are_an_error(numbers: list[int]) -> None:
    wire = in_blocks(b"\x01\x00" + VALUE, 60, numbers)
    with pytest.raises(ProtocolError, match="block"):
        wire.run(read(negotiated(short_names=True), [Variable(0x1008)]))


@pytest.mark.parametrize(
    "answers",
    [
        ("0C02" + "0009024142" + "0009024344",),
        ("0C00",),
        ("0C01030001",),
        ("0D0100",),
        ("0C0102000001020100", "0C00"),
        ("0C0102000001020100", "0C010009024142"),
        ("0C01020000010201000C", "0C010103"),
        ("0C010201000102010009",),
        ("0C01",),
        ("C401C10003",),
        (),
    ],
)
def test_a_lying_peer_is_one_clear_error(answers: tuple[str, ...]) -> None:
    with pytest.raises(DlmsError):
        script(*answers).run(read(negotiated(short_names=True), [Variable(0x1008)]))


def test_a_request_that_is_too_long_goes_in_blocks() -> None:
    parameter = b"\x09\x64" + bytes(100)
    variable = Variable(0x1008, 1, parameter)
    wire = script("0C01030001", "0C01030002", "0C01030003", "0C01000902" + "4142")
    assert wire.run(read(negotiated(short_names=True, max_send_pdu_size=40), [variable])) == [b"\x09\x02AB"]
    assert all(len(octets) <= 40 for octets in wire.sent)
    blocks = [decode(octets).variable_access_specification[0] for octets in wire.sent]
    assert [(block.last_block, block.block_number) for block in blocks] == [
        (False, 1),
        (False, 2),
        (False, 3),
        (True, 4),
    ]
    whole = encode_with_data_octets(ReadRequest((variable.specification,)))
    assert b"\x05" + b"".join(block.raw_data for block in blocks) == whole


# ---- write --------------------------------------------------------------------------------------------------------


def test_what_is_written_is_acknowledged_each() -> None:
    wire = script("0D0200" + "01FA")
    variables = [Variable(0x1008), Variable(0x2008, what="energy")]
    first, second = wire.run(write(negotiated(short_names=True), variables, [b"\x00", b"\x11\x05"]))
    assert first is None
    assert isinstance(second, OtherReason)
    assert second.what == "energy"
    assert hexadecimal(wire) == ["0602021008022008020011" + "05"]


def test_a_long_value_is_written_in_blocks() -> None:
    wire = script(*(f"0D0102{number:04X}" for number in range(1, 8)), "0D0100")
    assert wire.run(write(negotiated(short_names=True, max_send_pdu_size=40), [Variable(0x1008)], [VALUE])) == [None]
    requests = [decode_with_data_octets(octets) for octets in wire.sent]
    raw = b"".join(decode(octets).list_of_data[0].value for octets in wire.sent)
    assert raw == bytes.fromhex("01021008" + "01") + VALUE
    assert all(len(octets) <= 40 for octets in wire.sent)
    assert [block.variable_access_specification[0].last_block for block in requests] == [False] * 7 + [True]


@pytest.mark.parametrize("answer", ["0D01020002", "0D0100", "0D010103", "0D0202000100", "0C0100" + "00", "0D0102"])
def test_a_block_that_is_not_acknowledged_ends_the_write(answer: str) -> None:
    wire = script(answer)
    with pytest.raises(DlmsError):
        wire.run(write(negotiated(short_names=True, max_send_pdu_size=40), [Variable(0x1008)], [VALUE]))
    assert len(wire.sent) == 1


def test_an_unconfirmed_write_waits_for_nothing() -> None:
    wire = script()
    agreed = negotiated(short_names=True, max_send_pdu_size=40)
    wire.run(write_unconfirmed(agreed, [Variable(0x1008)], [b"\x11\x05"]))
    assert hexadecimal(wire) == ["16010210080111" + "05"]
    with pytest.raises(ConfigurationError):
        wire.run(write_unconfirmed(agreed, [Variable(0x1008)], [VALUE]))


@pytest.mark.parametrize(
    ("missing", "variable"),
    [(Conformance.READ, Variable(8)), (Conformance.PARAMETERIZED_ACCESS, Variable(8, 1, b"\x00"))],
)
def test_what_was_not_negotiated_is_not_sent(missing: Conformance, variable: Variable) -> None:
    wire = script()
    with pytest.raises(ConfigurationError):
        wire.run(read(negotiated(short_names=True, conformance=EVERYTHING & ~missing), [variable]))
    assert not wire.sent


def test_values_are_written_by_declared_and_given_types() -> None:
    client = association()
    wire = script(OBJECT_LIST, "0D0100", "0D0100")
    wire.run(client.set(ENERGY, DoubleLongUnsigned(77)))
    wire.run(client.set(TEXT, OctetString(b"AB"), SelectiveAccessDescriptor(2, Unsigned(1))))
    assert hexadecimal(wire)[1:] == ["06010220080106" + "0000004D", "060104100802110101" + "09024142"]


# ---- captured -----------------------------------------------------------------------------------------------------


def captured(name: str) -> list[tuple[str, bytes]]:
    """The APDUs of a captured session with short names, each with its direction, segments joined."""
    session = next(item for item in items() if item["id"] == name)
    octets = b"".join(bytes.fromhex(frame["hex"]) for frame in session["frames"])
    return [event.apdu for event in discover(octets) if isinstance(event, Telegram)]


@pytest.mark.skipif(not items(), reason=REASON)
def test_the_object_list_of_a_captured_meter() -> None:
    """Vector-100: 315 objects in 53 blocks; we send what its client sent, and read the same."""
    apdus: list[Any] = captured("sess-vector100-sn")
    start = next(i for i, apdu in enumerate(apdus) if apdu == bytes.fromhex("050102FA08"))
    sent, answers = apdus[start::2], apdus[start + 1 :: 2]
    client = association(conformance=EVERYTHING & ~Conformance.PARAMETERIZED_ACCESS)
    wire = script(*answers[:53], "0C010006000002A8")
    assert wire.run(client.get(AttributeRef(3, "1.0.1.8.0.255", 2))) == 0x2A8
    assert wire.sent[:53] == sent[:53]
    assert hexadecimal(wire)[53] == "0501020108"

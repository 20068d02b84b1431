"""Read and write with short names against scripted peers, and the captured ones octet for octet."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.association.scripted import EVERYTHING, Wire, negotiated, script
from tests.captured import REASON, items

from dlms.apdu import decode, decode_with_data_octets, encode_with_data_octets
from dlms.apdu.get import SelectiveAccessDescriptor
from dlms.apdu.read_write import DataBlockResult, ReadRequest, ReadResponse
from dlms.association.client import ClientAssociation
from dlms.association.opening import Proposal
from dlms.association.short_names import (
    LIST_OF_RESULTS,
    ResultInBlocks,
    Variable,
    read,
    read_one,
    write,
    write_unconfirmed,
)
from dlms.cosem.classes.associations import AssociationSNV2
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.cosem.types import ValueDefinition
from dlms.data import DoubleLongUnsigned, Integer, OctetString, Unsigned, loads
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, DecodeError, DlmsError, ProtocolError
from dlms.link.framing import discover
from dlms.link.telegram import Telegram
from dlms.logical_name import LogicalName
from dlms.quirks import Quirks
from dlms.security import Security
from dlms.service_errors import ObjectUndefined, OtherReason, ReadWriteDenied

TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
ENERGY = AttributeRef(3, "1.0.1.8.0.255", 2)
ASSOCIATION = AssociationSNV2("0.0.40.0.0.255")
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


def test_the_association_itself_needs_no_list() -> None:
    """It is at FA00: what it can do is to be had although the list of objects may not be read."""
    client = association()
    wire = script("0C0100" + "0100", "0C0100" + "0201" + "09024142", "0D0100", "0C010103")
    assert wire.run(client.get(ASSOCIATION.access_rights_list)) == []
    asked = [ValueDefinition(1, LogicalName("0.0.96.1.0.255"), 2)]
    assert wire.run(client.call(ASSOCIATION.read_by_logicalname, asked)) == (b"AB",)
    wire.run(client.set(ASSOCIATION.security_setup_reference, LogicalName("0.0.43.0.0.255")))
    with pytest.raises(ReadWriteDenied):
        wire.run(client.get(ASSOCIATION.object_list))
    assert hexadecimal(wire) == [
        "050102FA10", "050104FA3001" + "0101020312000109060000600100FF0F02", "060102FA18010906" + "00002B0000FF",
        "050102FA08",
    ]  # fmt: skip


def test_where_methods_begin_is_told_by_the_version_in_the_list() -> None:
    client = association()
    wire = script("0C0100020410FA0012000C110209060000280000FF", "0C0100" + "00")
    wire.run(client.call(MethodRef(12, "0.0.40.0.0.255", 8), OctetString(b"A")))
    assert hexadecimal(wire) == ["050104FA080202021200" + "0C09060000280000FF", "050104FA5801" + "090141"]


@pytest.mark.parametrize("count", ["00", "02", "04", "7F"])
def test_an_object_list_that_counts_wrong_gives_base_names(count: str) -> None:
    for client, answers in (
        (association(conformance=EVERYTHING & ~Conformance.PARAMETERIZED_ACCESS), ()),
        (association(), ("0C010103",)),  # the look-up is refused
    ):
        wire = script(
            *answers, OBJECT_LIST.replace("0103", f"01{count}", 1), "0C01000902" + "4142", "0C010006000000" + "07"
        )
        assert wire.run(client.get(TEXT)) == b"AB"
        assert wire.run(client.get(ENERGY)) == 7
    wire = script(TEXT_AT_1000.replace("0101", f"01{count}", 1), "0C01000902" + "4142")
    assert wire.run(association().get(TEXT)) == b"AB"


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


# ---- read, piece by piece -----------------------------------------------------------------------------------------

ROWS = b"\x01\x32" + b"\x02\x02\x12\x00\x05\x16\x1e" * 50  # an array: as a list, one result of no known kind
PLAIN_HEAD, LONG_HEAD = b"\x01\x00", b"\x81\x01\x00"


@pytest.mark.parametrize("head", [PLAIN_HEAD, LONG_HEAD, b""])
@pytest.mark.parametrize("value", [VALUE, ROWS])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 50, 353])
def test_octets_are_handed_on_as_they_come(head: bytes, value: bytes, size: int) -> None:
    """Nothing is kept back once it is known where the Data begins, and nothing of the list around it is handed on."""
    taken: list[bytes] = []
    wire = in_blocks(head + value, size)
    assert wire.run(read_one(negotiated(short_names=True), Variable(0x1008), taken.append)) == b""
    assert b"".join(taken) == value
    known = len(head) + (10 if not head and value is VALUE else 2)  # `09` may be the count of nine results
    assert len(taken) >= len(range(0, len(head + value), size)) - known // size
    assert all(len(piece) == size for piece in taken[1:-1])


@pytest.mark.parametrize("size", [1, 2, 60])
@pytest.mark.parametrize("value", ["09024142", "00", "0100", "01020000", "01010302", "0203000011FF"])
@pytest.mark.parametrize("head", ["0100", ""])
def test_a_short_value_is_handed_on_too(head: str, value: str, size: int) -> None:
    if (head, value) == ("", "00"):
        return  # an empty list as well
    taken: list[bytes] = []
    wire = in_blocks(bytes.fromhex(head + value), size)
    wire.run(read_one(negotiated(short_names=True), Variable(0x1008), taken.append))
    assert b"".join(taken).hex().upper() == value


def test_a_value_in_one_response_is_handed_on_whole() -> None:
    taken: list[bytes] = []
    agreed = negotiated(short_names=True)
    assert script("0C01000902" + "4142").run(read_one(agreed, Variable(0x1008), taken.append)) == b""
    assert taken == [bytes.fromhex("09024142")]
    with pytest.raises(ReadWriteDenied, match="energy"):
        script("0C010103").run(read_one(agreed, Variable(0x1008, what="energy"), taken.append))
    for answer in ("0C00", "0C0200000000", "0C01030001", "0C0201030103"):
        with pytest.raises(ProtocolError):
            script(answer).run(read_one(agreed, Variable(0x1008), taken.append))
    assert len(taken) == 1


@pytest.mark.parametrize("size", [1, 2, 60])
@pytest.mark.parametrize(
    ("octets", "error"),
    [
        ("010103", ReadWriteDenied),  # the error is in the blocks
        ("02" + "0009024142" + "0009024344", ProtocolError),  # two values where one was asked for
        ("02" + "0103" + "010B", ProtocolError),
        ("03" + "0009024142" * 3, ProtocolError),
        ("00", None),  # no result, or null-data
        ("01030001", ProtocolError),  # the number of a block
        ("01020100010109", ProtocolError),  # a block within the blocks
        ("01", DecodeError),
        ("0101", DecodeError),
        ("85", DecodeError),
    ],
)
def test_blocks_that_hold_no_single_value(octets: str, error: type[Exception] | None, size: int) -> None:
    taken: list[bytes] = []
    exchange = read_one(negotiated(short_names=True), Variable(0x1008, what="energy"), taken.append)
    wire = in_blocks(bytes.fromhex(octets), size)
    if error is None:
        with pytest.raises(DlmsError):
            wire.run(exchange)
    else:
        with pytest.raises(error) as caught:
            wire.run(exchange)
        assert caught.type is not ReadWriteDenied or caught.value.what == "energy"
    assert not taken


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("0C010103", ReadWriteDenied),
        ("0C00", ProtocolError),
        ("0C02010001", DecodeError),
        ("0C0100" + "09024142", ProtocolError),
        ("0C0102" + "00" + "0003" + "0141", ProtocolError),
        ("0C0102" + "00" + "0001" + "0141", ProtocolError),
        ("C401C10103", ProtocolError),
    ],
)
def test_what_came_before_a_failure_was_handed_on(answer: str, error: type[Exception]) -> None:
    taken: list[bytes] = []
    exchange = read_one(negotiated(short_names=True), Variable(0x1008, what="energy"), taken.append)
    with pytest.raises(error):
        script("0C0102" + "00" + "0001" + "05" + "01000905" + "41", answer).run(exchange)
    assert taken == [bytes.fromhex("090541")]


def test_empty_blocks_do_no_harm_and_come_to_an_end() -> None:
    agreed = negotiated(short_names=True)
    empty = ["0C0102" + "00" + f"{number:04X}" + "00" for number in range(1, 4)]
    taken: list[bytes] = []
    last = "0C0102" + "01" + "0004" + "06" + "010009024142"
    script(*empty, last).run(read_one(agreed, Variable(0x1008), taken.append))
    assert taken == [bytes.fromhex("09024142")]
    numbers = iter(range(1, 1 << 20))
    endless = Wire(lambda _: [bytes.fromhex(f"0C010200{next(numbers) & 0xFFFF:04X}00")])
    with pytest.raises(ProtocolError, match="expected block 65536, got block 0"):
        endless.run(read_one(agreed, Variable(0x1008), taken.append))
    assert len(taken) == 1


def test_many_results_are_looked_at_once() -> None:
    """A list that claims more results than there are is not decoded anew with every block."""
    one = ResultInBlocks(pytest.fail)
    count = 60_000
    started = time.perf_counter()
    one.add(b"\x82" + count.to_bytes(2, "big"))
    for _ in range(count):
        one.add(b"\x01\x03")
    assert time.perf_counter() - started < 5
    assert len(one.held) == 3 + 2 * count


@given(
    st.binary(max_size=12)
    | st.binary(max_size=80).map(lambda tail: PLAIN_HEAD + tail)
    | st.lists(st.sampled_from(["0009024142", "0103", "0000", "0011FF", "030001"]), max_size=4).map(
        lambda results: bytes([len(results)]) + bytes.fromhex("".join(results))
    )
    | st.sampled_from([VALUE, ROWS]),
    st.lists(st.integers(1, 90), max_size=6),
)
def test_piece_by_piece_is_as_strict_as_the_whole(octets: bytes, cuts: list[int]) -> None:
    taken: list[bytes] = []
    one = ResultInBlocks(taken.append)
    at = 0
    for cut in [*cuts, len(octets)]:
        one.add(octets[at : at + cut])
        at += cut
    if not one.begun:
        assert (taken, bytes(one.held)) == ([], octets)
        return
    assert not one.held
    found = b"".join(taken)
    try:
        (expected,) = LIST_OF_RESULTS.decode(octets)
    except DecodeError:
        expected = octets if readable(octets) else None
    assert (found if readable(found) else None) == expected


def readable(octets: bytes) -> bool:
    try:
        loads(octets)
    except DecodeError:
        return False
    return True


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


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("0C01030002", "acknowledged block 2, not 1"),
        ("0C01001105", "expected a block number"),
        ("0C010103", "read-write-denied"),
        ("0C020300010300 02".replace(" ", ""), "expected one result"),
    ],
)
def test_a_block_that_is_not_acknowledged_ends_the_request(answer: str, error: str) -> None:
    wire = script(answer)
    variables = [Variable(8 * number, 1, OctetString(bytes(20))) for number in range(1, 4)]
    with pytest.raises(DlmsError, match=error):
        wire.run(read(negotiated(short_names=True, max_send_pdu_size=40), variables))
    assert len(wire.sent) == 1


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
    ("missing", "variables"),
    [
        (Conformance.READ, [Variable(8)]),
        (Conformance.PARAMETERIZED_ACCESS, [Variable(8, 1, b"\x00")]),
        (Conformance.MULTIPLE_REFERENCES, [Variable(8), Variable(16)]),
    ],
)
def test_what_was_not_negotiated_is_not_sent(missing: Conformance, variables: list[Variable]) -> None:
    wire = script()
    with pytest.raises(ConfigurationError):
        wire.run(read(negotiated(short_names=True, conformance=EVERYTHING & ~missing), variables))
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

"""GET, SET and ACTION by logical names against a meter of the test's own: what is sent, and what answers may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.association.meter import client_context
from tests.association.scripted import EVERYTHING, Wire, negotiated, script

from dlms.apdu import decode, encode_with_data_octets
from dlms.apdu.action import ActionRequestWithFirstPblock, ActionRequestWithListAndFirstPblock, ActionRequestWithPblock
from dlms.apdu.get import CosemAttributeDescriptor, CosemMethodDescriptor
from dlms.apdu.set import SetRequestWithDatablock, SetRequestWithFirstDatablock, SetRequestWithListAndFirstDatablock
from dlms.association import services
from dlms.association.negotiated import Negotiated
from dlms.association.services import ListRefused
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, Downgrade, ProtocolError
from dlms.results import DataAccessResult
from dlms.security.protection import Protection
from dlms.service_errors import ReadWriteDenied, ServiceError

ENERGY, DEMAND = (CosemAttributeDescriptor(3, bytes.fromhex(f"0100{name}00FF"), 2) for name in ("0108", "0104"))
RESET, CAPTURE = (CosemMethodDescriptor(3, bytes.fromhex("0100010800FF"), number) for number in (1, 2))
LONG = bytes.fromhex("0964") + bytes(range(100))
VALUE, ARGUMENT = bytes.fromhex("1105"), bytes.fromhex("0F00")
OK = "C501C100"


def get(of: Negotiated) -> Any:
    return services.get(of, ENERGY, None, None, bytes)


def get_list(of: Negotiated) -> Any:
    return services.get_list(of, [(ENERGY, None), (DEMAND, None)])


def set_value(of: Negotiated, value: bytes = VALUE) -> Any:
    return services.set_value(of, ENERGY, value)


def set_list(of: Negotiated, value: bytes = VALUE) -> Any:
    return services.set_list(of, [(ENERGY, None), (DEMAND, None)], [value, VALUE])


def call(of: Negotiated, argument: bytes = ARGUMENT) -> Any:
    return services.call(of, RESET, argument)


def call_list(of: Negotiated, argument: bytes = ARGUMENT) -> Any:
    return services.call_list(of, [RESET, CAPTURE], [argument, ARGUMENT])


SET_BLOCKS, ACTION_BLOCKS = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE, Conformance.BLOCK_TRANSFER_WITH_ACTION


@pytest.mark.parametrize(
    ("operation", "without"),
    [
        (get, Conformance.GET),
        (get_list, Conformance.GET),
        (get_list, Conformance.MULTIPLE_REFERENCES),
        (set_value, Conformance.SET),
        (lambda of: set_value(of, LONG), SET_BLOCKS),
        (lambda of: services.set_unconfirmed(of, ENERGY, VALUE), Conformance.SET),
        (set_list, Conformance.SET),
        (set_list, Conformance.MULTIPLE_REFERENCES),
        (lambda of: set_list(of, LONG), SET_BLOCKS),
        (call, Conformance.ACTION),
        (lambda of: call(of, LONG), ACTION_BLOCKS),
        (lambda of: services.call_unconfirmed(of, RESET, None), Conformance.ACTION),
        (call_list, Conformance.ACTION),
        (call_list, Conformance.MULTIPLE_REFERENCES),
        (lambda of: call_list(of, LONG), ACTION_BLOCKS),
    ],
)
def test_nothing_is_asked_that_the_meter_did_not_agree_to(
    operation: Callable[[Negotiated], Any], without: Conformance
) -> None:
    wire = script("D80101")
    agreed = EVERYTHING & ~without & ~Conformance.GENERAL_BLOCK_TRANSFER
    with pytest.raises(ConfigurationError, match="did not agree to"):
        wire.run(operation(negotiated(conformance=agreed, max_send_pdu_size=80)))
    assert wire.sent == []


def test_progress_of_a_value_in_blocks() -> None:
    answers = ("C402C1 00 00000001 00 03 090411", "C402C1 00 00000002 00 02 2233", "C402C1 01 00000003 00 01 44")
    wire = script(*answers)
    assert wire.run(get(negotiated())) == bytes.fromhex("0904 11223344")
    assert wire.progress == [(3, None), (5, None), (6, None)]
    silent = script(*answers)
    of = negotiated()
    of.tells_progress = False
    silent.run(get(of))
    assert silent.progress == []


class TestLists:
    def test_results_are_those_of_their_attributes(self) -> None:
        first, second = script("C403C1 02 00 1105 01 03").run(get_list(negotiated()))
        assert first == VALUE
        assert isinstance(second, ReadWriteDenied)
        assert second.what == DEMAND

    def test_results_in_blocks(self) -> None:
        blocks = script("C402C1 00 00000001 00 03 02 00 11", "C402C1 01 00000002 00 03 05 01 03")
        first, second = blocks.run(get_list(negotiated()))
        assert (first, type(second)) == (VALUE, ReadWriteDenied)
        assert blocks.sent[1] == bytes.fromhex("C002C1 00000001")

    def test_written_values(self) -> None:
        first, second = script("C505C1 02 00 03").run(set_list(negotiated()))
        assert (first, type(second)) == (None, ReadWriteDenied)

    def test_methods(self) -> None:
        outcomes = script("C703C1 02 00 01 00 1105 03 00").run(call_list(negotiated()))
        assert outcomes[0] == VALUE
        assert isinstance(outcomes[1], ServiceError)

    @pytest.mark.parametrize(
        ("operation", "answer"),
        [
            (get_list, "C403C1 01 00 1105"),
            (get_list, "C403C1 03 00 1105 00 1105 00 1105"),
            (set_list, "C505C1 01 00"),
            (set_list, "C505C1 03 00 00 00"),
            (call_list, "C703C1 01 00 00"),
            (call_list, "C703C1 03 00 00 00 00 00 00"),
        ],
    )
    def test_another_number_of_results(self, operation: Callable[[Negotiated], Any], answer: str) -> None:
        with pytest.raises(ProtocolError, match="expected 2 results, got"):
            script(answer).run(operation(negotiated()))

    @pytest.mark.parametrize(
        ("answer", "number"),
        [("C401C1 01 03", DataAccessResult.READ_WRITE_DENIED), ("C401C1 00 1105", DataAccessResult.OTHER_REASON)],
    )
    def test_an_answer_as_if_to_one(self, answer: str, number: DataAccessResult) -> None:
        with pytest.raises(ListRefused) as refused:
            script(answer).run(get_list(negotiated()))
        assert refused.value.result == number


class Taking:
    """A meter that takes requests in blocks, and keeps their octets."""

    def __init__(self, *, refuses_after: int = 1000, counts_from: int = 0) -> None:
        self.octets = b""
        self.refuses_after = refuses_after
        self.counts_from = counts_from
        self.longest = 0

    def __call__(self, octets: bytes) -> list[bytes]:
        self.longest = max(self.longest, len(octets))
        asked: Any = decode(octets)
        action = octets[0] == 0xC3
        block = asked.pblock if action else asked.datablock
        self.octets += block.raw_data
        listed = isinstance(asked, (SetRequestWithListAndFirstDatablock, ActionRequestWithListAndFirstPblock))
        assert listed or isinstance(
            asked,
            (
                SetRequestWithFirstDatablock,
                SetRequestWithDatablock,
                ActionRequestWithFirstPblock,
                ActionRequestWithPblock,
            ),
        )
        if block.block_number >= self.refuses_after:
            return [bytes.fromhex("C701C1 03 00" if action else f"C503C1 03 {block.block_number:08X}")]
        if block.last_block:
            return [bytes.fromhex("C701C1 00 00" if action else f"C503C1 00 {block.block_number:08X}")]
        kind = "C704C1" if action else "C502C1"
        return [bytes.fromhex(f"{kind} {block.block_number + self.counts_from:08X}")]


@pytest.mark.parametrize("operation", [set_value, call])
class TestLongRequests:
    @pytest.mark.parametrize("size", [*range(33, 60), 127, 128, 129, 130, 131, 132])
    def test_every_apdu_fits(self, operation: Callable[..., Any], size: int) -> None:
        meter = Taking()
        value = bytes.fromhex("09820200") + bytes(512)
        Wire(meter).run(operation(negotiated(max_send_pdu_size=size), value))
        assert meter.octets == value
        assert size - 2 <= meter.longest <= size  # lengths have one octet or three

    def test_progress_is_told(self, operation: Callable[..., Any]) -> None:
        wire = Wire(Taking())
        wire.run(operation(negotiated(max_send_pdu_size=60), LONG))
        total = len(wire.sent)
        assert wire.progress == [(number, total) for number in range(1, total)]

    def test_a_refusal_in_the_middle(self, operation: Callable[..., Any]) -> None:
        meter = Taking(refuses_after=2)
        wire = Wire(meter)
        with pytest.raises(ServiceError):
            wire.run(operation(negotiated(max_send_pdu_size=40), LONG))
        assert len(wire.sent) == 2

    def test_another_block_acknowledged(self, operation: Callable[..., Any]) -> None:
        with pytest.raises(ProtocolError, match="acknowledged block 7, not 1"):
            Wire(Taking(counts_from=6)).run(operation(negotiated(max_send_pdu_size=40), LONG))

    def test_a_meter_that_takes_next_to_nothing(self, operation: Callable[..., Any]) -> None:
        with pytest.raises(ConfigurationError, match="too short for this"):
            script(OK).run(operation(negotiated(max_send_pdu_size=12), LONG))


@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("size", [64, 100, 128, 160, 161, 162])
def test_every_ciphered_apdu_fits(general: bool, size: int) -> None:
    security = client_context(general=general, authentication_key=client_context().authentication_key)
    meter_side = client_context(own_title=security.peer_title, peer_title=security.own_title)
    taking = Taking()
    longest = [0]

    def meter(octets: bytes) -> list[bytes]:
        longest[0] = max(longest[0], len(octets))
        (answer,) = taking(meter_side.unprotect(decode(octets)))
        return [meter_side.protect(decode(answer), 100 + len(taking.octets))]

    value = bytes.fromhex("09820200") + bytes(512)
    Wire(meter).run(set_value(negotiated(max_send_pdu_size=size, security=security), value))
    assert taking.octets == value
    assert longest[0] <= size


class TestUnconfirmed:
    """It has to fit one APDU, and asks for no answer."""

    REQUEST = bytes.fromhex("C10181 0003 0100010800FF 02 00 1105")

    def test_it_fits_exactly(self) -> None:
        wire = script()
        wire.run(services.set_unconfirmed(negotiated(max_send_pdu_size=len(self.REQUEST)), ENERGY, VALUE))
        assert wire.sent == [self.REQUEST]
        wire.run(services.set_unconfirmed(negotiated(max_send_pdu_size=0), ENERGY, LONG))

    def test_it_does_not(self) -> None:
        wire = script()
        with pytest.raises(ConfigurationError, match="has to fit one APDU"):
            wire.run(services.set_unconfirmed(negotiated(max_send_pdu_size=len(self.REQUEST) - 1), ENERGY, VALUE))
        assert wire.sent == []


class TestWhatComesInstead:
    NOTIFICATION = "C2 00 0003 0100010800FF 02 1105"

    def answered(self, *octets: str) -> Wire:
        return Wire(lambda _: [bytes.fromhex(each) for each in octets])

    @pytest.mark.parametrize(
        ("operation", "answer", "value"),
        [(get, "C401C1 00 1105", VALUE), (set_value, OK, None), (call, "C701C1 00 00", None)],
    )
    def test_answers_to_others_and_notifications(
        self, operation: Callable[[Negotiated], Any], answer: str, value: bytes | None
    ) -> None:
        wire = self.answered(answer.replace("01C1", "01C2"), self.NOTIFICATION, "C401C7 00 1106", answer)
        assert wire.run(operation(negotiated())) == value
        assert [encode_with_data_octets(each) for each in wire.set_aside] == [bytes.fromhex(self.NOTIFICATION)]

    def test_the_invoke_id_alone_tells(self) -> None:
        """Not the priority or the service class beside it, which some meters do not give back."""
        assert self.answered("C40101 00 1105").run(get(negotiated())) == VALUE

    @pytest.mark.parametrize("answer", ["C501C100", "6303800100", "0C01001105"])
    def test_something_else(self, answer: str) -> None:
        with pytest.raises(ProtocolError, match="expected GetResponseNormal or GetResponseWithDatablock, got"):
            self.answered(answer).run(get(negotiated()))

    def test_plain_in_a_ciphered_association(self) -> None:
        for operation in (get, set_value):
            with pytest.raises(Downgrade, match="unprotected"):
                self.answered("C401C1 00 1105", OK).run(operation(negotiated(security=client_context())))

    def test_plain_where_only_the_opening_was_ciphered(self) -> None:
        of = negotiated(security=client_context(protection=Protection.NONE))
        wire = self.answered("C401C1 00 1105")
        assert wire.run(get(of)) == VALUE
        assert wire.sent == [bytes.fromhex("C001C1 0003 0100010800FF 02 00")]

"""Values that are made as they leave, and fail at that: each is refused, and no part of one passes for the whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.association.meter import LONG, ask, attribute, initiate, meter, opened

from dlms.apdu.get import CosemAttributeDescriptorWithSelection, GetRequestNext, GetRequestNormal, GetRequestWithList
from dlms.apdu.read_write import ReadRequest, ReadResponse
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.outgoing import LONGEST_ANSWER
from dlms.data import OctetString, dumps
from dlms.enumerations import Conformance
from dlms.results import DataAccessResult
from dlms.service_errors import TemporaryFailure

GET_LONG = GetRequestNormal(0xC1, attribute(LONG.value))
VALUE = dumps(OctetString(bytes(5000)))
FAILURES = pytest.mark.parametrize(
    ("failure", "result"),
    [(TemporaryFailure(), DataAccessResult.TEMPORARY_FAILURE), (ValueError("no"), DataAccessResult.OTHER_REASON)],
)


def failing_after(octets: int, failure: Exception) -> LogicalDevice:
    """A device whose long value fails after so many octets."""

    def long(selector: int | None, parameters: object) -> Iterator[bytes]:
        yield VALUE[:octets]
        raise failure

    device = meter()
    device.on_get(LONG.value, long)
    return device


@FAILURES
def test_a_value_that_fails_at_once(failure: Exception, result: DataAccessResult) -> None:
    device = failing_after(0, failure)
    of = opened(device, user_information=initiate(size=200))
    assert ask(of, GET_LONG).result == result
    of = opened(device, user_information=initiate(conformance=Conformance.GET))
    assert ask(of, GET_LONG).result == result
    of = opened(device)
    listed = GetRequestWithList(0xC1, (CosemAttributeDescriptorWithSelection(attribute(LONG.value)),))
    assert ask(of, listed).result == (result,)
    name = device.find(LONG.class_id, LONG.logical_name).base_name + 8
    assert ask(opened(device, context=2), ReadRequest((name,))) == ReadResponse((result,))


@FAILURES
def test_a_value_that_fails_in_the_middle_of_its_blocks(failure: Exception, result: DataAccessResult) -> None:
    """The transfer ends there: what was left out would not be missed if it went on."""
    of = opened(failing_after(1000, failure), user_information=initiate(size=300))
    block = ask(of, GET_LONG)
    taken = 0
    while isinstance(block.result.result, bytes):
        assert not block.result.last_block
        taken += len(block.result.result)
        last, block = block, ask(of, GetRequestNext(0xC1, block.result.block_number))
    assert taken <= 1000
    assert (block.result.last_block, block.result.block_number) == (True, last.result.block_number + 1)
    assert block.result.result == result
    assert of.next_timer() is None
    again = ask(of, GetRequestNext(0xC1, last.result.block_number))
    assert again.result.result == DataAccessResult.NO_LONG_GET_IN_PROGRESS


def test_a_value_without_end_is_not_put_together() -> None:
    """By general blocks, and where there are none at all, an answer is made whole before it leaves."""
    taken: list[int] = []

    def long(selector: int | None, parameters: object) -> Iterator[bytes]:
        while True:
            taken.append(1000)
            yield bytes(1000)

    device = meter()
    device.on_get(LONG.value, long)
    for more, most in ((Conformance(0), 0xFFFF), (Conformance.GENERAL_BLOCK_TRANSFER, LONGEST_ANSWER)):
        of = opened(device, user_information=initiate(conformance=Conformance.GET | more))
        assert ask(of, GET_LONG).result == DataAccessResult.OTHER_REASON
        assert most - 2000 < sum(taken) < most + 2000
        taken.clear()

"""Read, write and unconfirmed write with short names, as a client: lists, parameterised access, blocks both ways.

Values go in and out as the octets of one Data. Answers carry no invoke-id here, so one that comes late could be taken
for the next: the shells wait for the answer to a request that was given up before they send another, and where none
comes they give the link up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard

from dlms.apdu.read_write import (
    BlockNumberAccess,
    DataBlockResult,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    ReadResult,
    UnconfirmedWriteRequest,
    VariableAccessSpecification,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from dlms.association.blocks import Blocks, Take, as_data, need, pieces_of, same_count, whole
from dlms.association.effects import Exchange, Progress
from dlms.association.exchange import request, send_unconfirmed, tell_before_blocks
from dlms.association.negotiated import Negotiated
from dlms.data import Data, OctetString
from dlms.enumerations import Conformance
from dlms.errors import DecodeError, ProtocolError
from dlms.grammar import decode_open_ended, program
from dlms.results import DataAccessResult
from dlms.service_errors import ServiceError, service_error

LIST_OF_SPECIFICATIONS: Final = program(tuple[VariableAccessSpecification, ...], data_as_octets=True)
LIST_OF_VALUES: Final = program(tuple[Data, ...], data_as_octets=True)
DATA: Final = program(Data, data_as_octets=True)
ReadResults: TypeAlias = tuple[ReadResult, ...]
LIST_OF_RESULTS: Final = program(ReadResults, data_as_octets=True)
ENOUGH: Final = 64
"""Octets that show what blocks hold, if any do: the head of a list, or that of a Data, takes fewer."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A named variable: its short name, with parameterised access a selector and the parameter, a Data or its octets.

    `what` is what errors say it is.
    """

    name: int
    selector: int | None = None
    parameter: Data | bytes = b""
    what: object = None

    @property
    def specification(self) -> VariableAccessSpecification:
        """Variable-Access-Specification."""
        if self.selector is None:
            return self.name
        return ParameterizedAccess(self.name, self.selector, as_data(self.parameter))


def _specifications(negotiated: Negotiated, variables: Sequence[Variable]) -> tuple[VariableAccessSpecification, ...]:
    if len(variables) > 1:
        need(negotiated, Conformance.MULTIPLE_REFERENCES)
    if any(variable.selector is not None for variable in variables):
        need(negotiated, Conformance.PARAMETERIZED_ACCESS)
    return tuple(variable.specification for variable in variables)


# ---- read ---------------------------------------------------------------------------------------------------------


def read(negotiated: Negotiated, variables: Sequence[Variable]) -> Exchange[list[bytes | ServiceError]]:
    """The octets of each variable's Data; a ServiceError stands where the meter refuses one."""
    results = yield from _read(negotiated, variables)
    if _are_in_blocks(results):
        pieces: list[bytes] = []
        yield from _read_blocks(negotiated, results[0], pieces.append)
        results = _results(b"".join(pieces), len(variables))
    same_count(results, variables)
    return [_outcome(result, variable) for result, variable in zip(results, variables, strict=True)]


def read_one(negotiated: Negotiated, variable: Variable, take: Take | None = None) -> Exchange[bytes]:
    """The octets of one variable's Data; ServiceError if the meter refuses.

    With `take`, they go there as they come, block by block, and b"" is returned. Those that came in blocks are
    unchecked.
    """
    pieces: list[bytes] = []
    taken = ResultInBlocks(take or pieces.append)
    results = yield from _read(negotiated, [variable])
    if _are_in_blocks(results):
        yield from _read_blocks(negotiated, results[0], taken.add, variable.what)
        if taken.begun:
            return b"".join(pieces)
        results = _results(taken.held, 1)
    same_count(results, [variable])
    outcome = _outcome(results[0], variable)
    if isinstance(outcome, ServiceError):
        raise outcome
    if take is None:
        return outcome
    take(outcome)
    return b""


class ResultInBlocks:
    """The result of a read of one variable, in blocks: the octets of its Data go to `take` as they come.

    The blocks hold a list of one result, or (Gurux) nothing but its Data: the first octets show which. Where they show
    neither, as with an error, with several results or with a very short Data, all octets are `held`.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self.begun = False
        self.held = bytearray()

    def add(self, octets: bytes) -> None:
        """The octets of the next block."""
        if self.begun:
            self._take(octets)
            return
        looked_at = len(self.held)
        self.held += octets
        if looked_at < ENOUGH and (data := self._data()):
            self.begun = True
            self.held = bytearray()
            self._take(data)

    def _data(self) -> bytes | None:
        """What there is of the Data; None as long as it is not known where it begins."""
        try:
            results: ReadResults = decode_open_ended(ReadResults, self.held)
        except DecodeError as error:
            return None if error.expected is None else bytes(self.held)
        return results[0] if len(results) == 1 and isinstance(results[0], bytes) else None


def _read(negotiated: Negotiated, variables: Sequence[Variable]) -> Exchange[ReadResults]:
    need(negotiated, Conformance.READ)
    specifications = _specifications(negotiated, variables)
    message = ReadRequest(specifications)
    if whole(negotiated, message, Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ):
        response = yield from request(negotiated, message, ReadResponse)
    else:
        tell_before_blocks(negotiated, message)
        response = yield from _read_request_in_blocks(negotiated, LIST_OF_SPECIFICATIONS.encode(specifications))
    return response.read_response


def _are_in_blocks(results: ReadResults) -> TypeGuard[tuple[DataBlockResult]]:
    return len(results) == 1 and isinstance(results[0], DataBlockResult)


def _read_blocks(negotiated: Negotiated, block: DataBlockResult, take: Take, what: object = None) -> Exchange[None]:
    blocks = Blocks(take, any_first=negotiated.quirks.block_numbers_not_reset)
    while True:
        blocks.add(block.block_number, block.raw_data)
        yield Progress(blocks.size)
        if block.last_block:
            return
        following = ReadRequest((BlockNumberAccess(block.block_number),))
        response = yield from request(negotiated, following, ReadResponse)
        result = _only(response.read_response)
        if isinstance(result, DataAccessResult):
            raise service_error(result, what)
        if not isinstance(result, DataBlockResult):
            raise ProtocolError("expected a data-block-result in the read-response")
        block = result


def _results(octets: bytes | bytearray, count: int) -> ReadResults:
    """The results that the blocks held: the list of them, or (Gurux) of a single one nothing but its Data."""
    try:
        results: ReadResults = LIST_OF_RESULTS.decode(octets)
    except DecodeError:
        if count != 1:
            raise
        return (DATA.decode(octets),)
    return results


def _read_request_in_blocks(negotiated: Negotiated, octets: bytes) -> Exchange[ReadResponse]:
    need(negotiated, Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
    empty = ReadRequest((ReadDataBlockAccess(False, 0, b""),))
    pieces = pieces_of(negotiated, empty, empty, octets)
    for number, piece in enumerate(pieces[:-1], 1):
        message = ReadRequest((ReadDataBlockAccess(False, number, piece),))
        response = yield from request(negotiated, message, ReadResponse)
        _acknowledged(_only(response.read_response), number)
        yield Progress(number, len(pieces))
    message = ReadRequest((ReadDataBlockAccess(True, len(pieces), pieces[-1]),))
    return (yield from request(negotiated, message, ReadResponse))


def _outcome(result: object, variable: Variable) -> bytes | ServiceError:
    if isinstance(result, bytes):
        return result
    if isinstance(result, DataAccessResult):
        return service_error(result, variable.what)
    raise ProtocolError(f"expected data or an error in the read-response, got {type(result).__name__}")


# ---- write --------------------------------------------------------------------------------------------------------


def write(
    negotiated: Negotiated, variables: Sequence[Variable], values: Sequence[bytes]
) -> Exchange[list[ServiceError | None]]:
    """Write each variable, in blocks where the meter takes no APDU that long; None for each that it took."""
    need(negotiated, Conformance.WRITE)
    specifications = _specifications(negotiated, variables)
    message = WriteRequest(specifications, tuple(as_data(value) for value in values))
    if whole(negotiated, message, Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE):
        response = yield from request(negotiated, message, WriteResponse)
    else:
        tell_before_blocks(negotiated, message)
        octets = LIST_OF_SPECIFICATIONS.encode(specifications) + LIST_OF_VALUES.encode(tuple(values))
        response = yield from _write_in_blocks(negotiated, octets)
    results = response.write_response
    same_count(results, variables)
    return [_written(result, variable) for result, variable in zip(results, variables, strict=True)]


def _write_in_blocks(negotiated: Negotiated, octets: bytes) -> Exchange[WriteResponse]:
    need(negotiated, Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)
    empty = _write_block(0, b"", last=False)
    pieces = pieces_of(negotiated, empty, empty, octets)
    for number, piece in enumerate(pieces[:-1], 1):
        message = _write_block(number, piece, last=False)
        response = yield from request(negotiated, message, WriteResponse)
        _acknowledged(_only(response.write_response), number)
        yield Progress(number, len(pieces))
    message = _write_block(len(pieces), pieces[-1], last=True)
    return (yield from request(negotiated, message, WriteResponse))


def _write_block(number: int, octets: bytes, *, last: bool) -> WriteRequest:
    return WriteRequest((WriteDataBlockAccess(last, number),), (OctetString(octets),))


def _written(result: object, variable: Variable) -> ServiceError | None:
    if result is None or result == DataAccessResult.SUCCESS:  # Elgama meters name it as if it were an error
        return None
    if isinstance(result, DataAccessResult):
        return service_error(result, variable.what)
    raise ProtocolError("expected success or an error in the write-response, got a block number")


def write_unconfirmed(negotiated: Negotiated, variables: Sequence[Variable], values: Sequence[bytes]) -> Exchange[None]:
    """Write each variable, which the meter does not answer; ConfigurationError where that fits no APDU."""
    need(negotiated, Conformance.UNCONFIRMED_WRITE)
    specifications = _specifications(negotiated, variables)
    message = UnconfirmedWriteRequest(specifications, tuple(as_data(value) for value in values))
    yield from send_unconfirmed(negotiated, message)


# ---- shared -------------------------------------------------------------------------------------------------------


def _only(results: Sequence[object]) -> object:
    if len(results) != 1:
        raise ProtocolError(f"expected one result in answer to a block, got {len(results)}")
    return results[0]


def _acknowledged(result: object, number: int) -> None:
    if isinstance(result, DataAccessResult):
        raise service_error(result)
    if not isinstance(result, int):
        raise ProtocolError("expected a block number in answer to a block")
    if result != number:
        raise ProtocolError(f"the meter acknowledged block {result}, not {number}")

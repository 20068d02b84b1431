"""A meter that thinks of nothing: a process that answers whatever comes with the next of its canned messages.

Beside a client it costs what any peer costs, and a bare loop over the same messages says what that is. It shares one
processor with its client, as they take turns anyway: to wake an idle one, above all a virtual one, takes up to 90 us,
and which of two processes that are apart pays for it is chance.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from dlms.apdu import encode, encode_with_data_octets
from dlms.apdu.acse import Aare
from dlms.apdu.get import DataBlockG, GetResponseNormal, GetResponseWithDatablock
from dlms.apdu.initiate import InitiateResponse
from dlms.association.negotiated import PreEstablished
from dlms.association.profile_reading import ProfileStructure
from dlms.cosem.classes import ProfileGeneric, Register
from dlms.cosem.types import CaptureObjectDefinition, OctetStringDateTime
from dlms.data import DoubleLongUnsigned, Unsigned
from dlms.datetime import CosemDateTime
from dlms.enumerations import Conformance, SortMethod
from dlms.grammar import array, dumps, structure
from dlms.logical_name import LogicalName
from dlms.results import AcseServiceUserDiagnostic, AssociationResult
from dlms.security import Key, MemoryCounterStore, Protection, ReplayRule, Security
from dlms.security.context import SecurityContext
from dlms_core.pieces import split
from dlms_core.wrapper import build

CLIENT, METER = 1, 1
ENERGY = Register("1.0.1.8.0.255").value
PROFILE = ProfileGeneric("1.0.99.1.0.255")
AGREED = PreEstablished(
    conformance=Conformance.GET | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ | Conformance.SELECTIVE_ACCESS
)
CLIENT_TITLE, METER_TITLE = b"CLI\x00\x00\x00\x00\x01", b"MTR\x00\x00\x00\x00\x01"
ENCRYPTION, AUTHENTICATION = bytes(range(16)), bytes(range(0xD0, 0xE0))
REGISTERS = [LogicalName(f"1.0.{quantity}.8.0.255") for quantity in (1, 2, 5, 6)]
STRUCTURE = ProfileStructure(
    (
        CaptureObjectDefinition(8, LogicalName("0.0.1.0.0.255"), 2, 0),
        CaptureObjectDefinition(1, LogicalName("0.0.96.10.1.255"), 2, 0),
        *(CaptureObjectDefinition(3, register, 2, 0) for register in REGISTERS),
    ),
    (None,) * 6,
    900,
    SortMethod.FIFO,
)
"""A date-time, a status and four registers: 38 octets a row, 25 in columns and 6 in masks."""


def security() -> Security:
    """What a client says of the secured meter."""
    return Security(
        policy="authenticated+encrypted",
        client_system_title=CLIENT_TITLE,
        encryption_key=ENCRYPTION,
        authentication_key=AUTHENTICATION,
        replay="per_association",
    )


def rows(count: int) -> bytes:
    """The octets of a load profile."""
    moments = (CosemDateTime.from_epoch_milliseconds(1_700_000_000_000 + 900_000 * row) for row in range(count))
    table = [(moment, 0, row, 2 * row, 3 * row, 4 * row) for row, moment in enumerate(moments)]
    return dumps(table, array(structure(OctetStringDateTime, Unsigned, *[DoubleLongUnsigned] * 4)))


def plain_values() -> list[bytes]:
    """Answers to sixteen reads of a register: as many as there are invoke-ids."""
    return [_wrapped(encode(GetResponseNormal(invoke, DoubleLongUnsigned(4711)))) for invoke in invokes()]


def secured_values(count: int) -> list[bytes]:
    """Answers to `count` secured reads of a register: every one under a counter of its own."""
    context = SecurityContext(
        METER_TITLE, CLIENT_TITLE, Protection.AUTHENTICATED | Protection.ENCRYPTED, Key(ENCRYPTION),
        Key(AUTHENTICATION), MemoryCounterStore(), ReplayRule("per_association"),
    )  # fmt: skip
    messages = [GetResponseNormal(invoke, DoubleLongUnsigned(4711)) for invoke in invokes()]
    return [_wrapped(context.protect(messages[counter % 16], counter)) for counter in range(count)]


def profiles(octets: bytes, block: int | None = None, *, invoke: int | None = None) -> list[bytes]:
    """Answers to sixteen reads of a profile, or to the one of `invoke`: in one APDU each, or in blocks."""
    asked = invokes() if invoke is None else [invoke]
    if block is None:
        value: Any = octets  # a Data may be given as its octets
        return [_wrapped(encode_with_data_octets(GetResponseNormal(invoke, value))) for invoke in asked]
    pieces = split(octets, block)
    return [
        _wrapped(encode(GetResponseWithDatablock(invoke, DataBlockG(number == len(pieces), number, piece))))
        for invoke in asked
        for number, piece in enumerate(pieces, 1)
    ]


def accepted() -> bytes:
    """The answer to the AARQ of a client that opens its association: without security, for GET alone."""
    granted = InitiateResponse(
        negotiated_dlms_version_number=6,
        negotiated_conformance=AGREED.conformance,
        server_max_receive_pdu_size=0xFFFF,
        vaa_name=7,
    )
    return _wrapped(
        encode(
            Aare(
                application_context_name="2.16.756.5.8.1.1",
                result=AssociationResult.ACCEPTED,
                result_source_diagnostic=AcseServiceUserDiagnostic.NULL,
                user_information=granted,
            )
        )
    )


def client_options(*, secured: bool = False) -> dict[str, Any]:
    """What `connect` takes for this meter: an association that is there without being opened."""
    options: dict[str, Any] = {"pre_established": AGREED}
    return options | {"security": security(), "server_system_title": METER_TITLE} if secured else options


def where(port: int) -> list[str]:
    """The meter at this port, as the clients of others take it: the port and both addresses."""
    return [str(port), str(CLIENT), str(METER)]


def invokes() -> list[int]:
    """The invoke-id-and-priority of a client's requests, in turn."""
    return [0x40 | (number + 1) & 0x0F for number in range(16)]


def _wrapped(apdu: bytes) -> bytes:
    return build(apdu, source=METER, destination=CLIENT)


@contextlib.contextmanager
def on_one_processor() -> Iterator[None]:
    """Whoever starts within it runs on the processor that this process keeps to as long."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def meter(answers: Sequence[bytes], opening: Sequence[bytes] = ()) -> Iterator[int]:
    """The port where every connection is given `opening`, then these answers again and again: one for each message."""
    command = [sys.executable, "-m", "benchmarks.canned"]
    with (
        on_one_processor(),
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        pickle.dump((list(opening), list(answers)), process.stdin)
        process.stdin.flush()
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


class Bare:
    """The bare socket loop: the same octets out, as many in, nothing understood."""

    def __init__(self, port: int, requests: Sequence[bytes], answers: Sequence[bytes]) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._turns = [(request, len(answer)) for request, answer in zip(requests, answers, strict=False)]
        self._room = bytearray(1 << 17)
        self._turn = 0

    def __call__(self, messages: int = 1) -> None:
        for _ in range(messages):
            request, left = self._turns[self._turn]
            self._turn = (self._turn + 1) % len(self._turns)
            self._socket.sendall(request)
            while left:
                left -= self._socket.recv_into(self._room)

    def close(self) -> None:
        self._socket.close()


def _serve(connection: socket.socket, opening: list[bytes], answers: list[bytes]) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    turn = 0
    with contextlib.suppress(OSError), connection:
        for answer in opening:
            connection.recv(65536)
            connection.sendall(answer)
        while connection.recv(65536):
            connection.sendall(answers[turn])
            turn = (turn + 1) % len(answers)


def main() -> None:
    """Answer from what standard input brings; the port goes to standard output."""
    opening, answers = pickle.load(sys.stdin.buffer)  # noqa: S301  # our own process sent it
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_serve, args=(connection, opening, answers), daemon=True).start()


if __name__ == "__main__":
    main()

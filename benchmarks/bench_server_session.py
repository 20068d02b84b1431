"""A secured GET as the server sees it, and a long profile from its buffer, beside their parts alone."""

from __future__ import annotations

import timeit

from tests.association.meter import (
    CLOCK,
    ENERGY,
    GUARDED,
    KEYS,
    NOW,
    aarq,
    answers,
    attribute,
    client_context,
    initiate,
    meter,
    sealed,
    session,
)

from dlms.apdu import decode, encode
from dlms.apdu.get import GetRequestNormal
from dlms.association.server.profile_buffer import ProfileBuffer
from dlms.cosem.types import CaptureObjectDefinition, OctetStringDateTime
from dlms.data import DoubleLongUnsigned, Unsigned
from dlms.datetime import CosemDateTime
from dlms.grammar import array, dumps, structure
from dlms.security.keys import Key
from dlms.server import ServedClient
from dlms_core.columns import unpack

ROWS = 10_000


def test_secured_get(benchmark):
    """Budget: 20 us without the socket."""
    device, context = meter(), client_context()
    device[CLOCK.time] = NOW
    device.serve(ServedClient(GUARDED, policy="authenticated+encrypted", **KEYS))
    of = session(device, GUARDED)
    answers(of.respond(_aarq(context), 0.0))
    requests = iter([sealed(context, GetRequestNormal(0xC1, attribute(CLOCK.time))) for _ in range(20_000)])

    def ask() -> list[bytes]:
        return answers(of.respond(next(requests), 0.0))

    benchmark.pedantic(ask, rounds=50, iterations=200, warmup_rounds=5)
    encrypt = Key(KEYS["encryption_key"]).gcm.encrypt
    alone = min(timeit.repeat(lambda: encrypt(bytes(12), bytes(20), bytes(17)), number=1000, repeat=5)) / 1000
    best = benchmark.stats.stats.min
    benchmark.extra_info["us a request"] = round(best * 1e6, 2)
    benchmark.extra_info["ratio to one AES-GCM"] = round(best / alone, 1)
    print(f"\n{benchmark.name}: {best * 1e6:.1f} us a request, {best / alone:.1f} x one AES-GCM")


def _aarq(context):
    return encode(aarq(context=3, user_information=decode(sealed(context, initiate()))))


def test_profile_of_10000_rows(benchmark):
    """Budget: 0.2 ms for the octets of all rows."""
    columns = [CaptureObjectDefinition(8, CLOCK.logical_name, 2, 0)]
    columns += [CaptureObjectDefinition(3, ENERGY.logical_name, 2, 0)] * 5
    types = [OctetStringDateTime, Unsigned, *[DoubleLongUnsigned] * 4]
    buffer = ProfileBuffer(columns, types, rows())
    report(benchmark, benchmark(lambda: b"".join(buffer.select(None, None))))


def test_profile_from_columns(benchmark):
    """The same rows from numpy columns: what the core's encoder takes for them."""
    types = array(structure(OctetStringDateTime, Unsigned, *[DoubleLongUnsigned] * 4))
    octets = dumps(rows(), types)
    columns = unpack(octets, companions=True)
    packed = benchmark(columns.plan.pack, columns)
    assert packed == octets
    report(benchmark, packed)


def rows():
    return [
        (CosemDateTime.from_epoch_milliseconds(1_700_000_000_000 + 900_000 * i), 0, i, i, i, i) for i in range(ROWS)
    ]


def report(benchmark, octets):
    copy = min(timeit.repeat(lambda: bytearray(octets), number=20, repeat=5)) / 20
    best = benchmark.stats.stats.min
    benchmark.extra_info["ratio to memcpy"] = round(best / copy, 1)
    print(f"\n{benchmark.name}: {best * 1e3:.3f} ms for {len(octets)} octets, {best / copy:.1f} x memcpy")

"""Small APDUs and declared Data through the compiled grammar, beside the peers of PyPI and msgpack in the same run."""

import struct
import timeit

import pytest
from benchmarks.bench_axdr import OCTETS, PROFILE, ROWS, best

import dlms
from dlms.apdu.get import GetResponseNormal
from dlms.data import DoubleLongUnsigned, OctetString, Unsigned
from dlms.grammar import array, decode, program, structure

RESPONSE = bytes.fromhex("C401C1000600001391")
REQUEST = bytes.fromhex("C001C1000100002B0100FF0200")
AARQ = bytes.fromhex(
    "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738BE10040E01000000065F1F0400007E1F04B0"
)
PROFILE_TYPE = array(structure(OctetString, Unsigned, *[DoubleLongUnsigned] * 4))


def best_of_many(function):
    return min(timeit.repeat(function, number=2000, repeat=5)) / 2000


def report(benchmark, peers):
    """Print and record the ratio of this run's time to that of each peer."""
    ours = benchmark.stats.stats.min
    benchmark.extra_info["ns"] = round(ours * 1e9, 1)
    line = f"\n{benchmark.name}: {ours * 1e9:.0f} ns"
    for name, seconds in peers.items():
        benchmark.extra_info[f"ratio to {name}"] = round(ours / seconds, 6)
        line += f", {ours / seconds:.3g} x {name}"
    print(line)


def repeated(benchmark, function, argument):
    """Rounds of many calls: one call is as short as the clock's own."""
    benchmark.pedantic(function, args=(argument,), rounds=200, iterations=1000, warmup_rounds=5)


def gurux_reply():
    client = pytest.importorskip("gurux_dlms.GXDLMSClient").GXDLMSClient
    buffer = pytest.importorskip("gurux_dlms.GXByteBuffer").GXByteBuffer
    reply = pytest.importorskip("gurux_dlms.GXReplyData").GXReplyData
    enums = pytest.importorskip("gurux_dlms.enums")
    wrapped = bytes.fromhex("000100010010") + len(RESPONSE).to_bytes(2, "big") + RESPONSE
    meter = client(True, 16, 1, enums.Authentication.NONE, None, enums.InterfaceType.WRAPPER)

    def call():
        data = reply()
        meter.getData(buffer(wrapped), data)
        return data.value

    return call


def test_decode_get_response(benchmark):
    u9n = pytest.importorskip("dlms_cosem.protocol.xdlms")
    gurux = gurux_reply()
    assert dlms.decode(RESPONSE) == GetResponseNormal(0xC1, DoubleLongUnsigned(5009))
    assert gurux() == 5009
    peers = {
        "gurux-dlms (with wrapper)": best_of_many(gurux),
        "dlms-cosem (Data undecoded)": best_of_many(lambda: u9n.GetResponseFactory.from_bytes(RESPONSE)),
    }
    repeated(benchmark, dlms.decode, RESPONSE)
    report(benchmark, peers)


def test_encode_get_response(benchmark):
    """Beside struct.pack of the same octets: dlms-cosem cannot encode what it has decoded."""
    message = dlms.decode(RESPONSE)
    layout = struct.Struct(">BBBBBI")
    assert dlms.encode(message) == layout.pack(0xC4, 1, 0xC1, 0, 6, 5009) == RESPONSE
    repeated(benchmark, dlms.encode, message)
    report(benchmark, {"struct.pack": best_of_many(lambda: layout.pack(0xC4, 1, 0xC1, 0, 6, 5009))})


def test_encode_get_request(benchmark):
    u9n = pytest.importorskip("dlms_cosem.protocol.xdlms")
    message = dlms.decode(REQUEST)
    theirs = u9n.GetRequestFactory.from_bytes(REQUEST)
    assert dlms.encode(message) == theirs.to_bytes() == REQUEST
    repeated(benchmark, dlms.encode, message)
    report(benchmark, {"dlms-cosem": best_of_many(theirs.to_bytes)})


def test_decode_aarq(benchmark):
    u9n = pytest.importorskip("dlms_cosem.protocol.acse")
    repeated(benchmark, dlms.decode, AARQ)
    theirs = u9n.ApplicationAssociationRequest.from_bytes
    report(benchmark, {"dlms-cosem": best_of_many(lambda: theirs(AARQ))})


def test_encode_aarq(benchmark):
    u9n = pytest.importorskip("dlms_cosem.protocol.acse")
    repeated(benchmark, dlms.encode, dlms.decode(AARQ))
    theirs = u9n.ApplicationAssociationRequest.from_bytes(AARQ)
    report(benchmark, {"dlms-cosem": best_of_many(theirs.to_bytes)})


def test_dumps_of_a_declared_type(benchmark):
    """96 rows of a load profile: front door included."""
    msgpack = pytest.importorskip("msgpack")
    assert dlms.dumps(PROFILE, type=PROFILE_TYPE) == OCTETS
    before = best(lambda: msgpack.packb(PROFILE))
    benchmark(dlms.dumps, PROFILE, type=PROFILE_TYPE)
    after = best(lambda: msgpack.packb(PROFILE))
    benchmark.extra_info["ns a value"] = round(benchmark.stats.stats.min * 1e9 / (1 + 7 * ROWS), 2)
    report(benchmark, {"msgpack.packb": min(before, after)})


def test_decode_a_declared_type(benchmark):
    msgpack = pytest.importorskip("msgpack")
    assert decode(PROFILE_TYPE, OCTETS) == PROFILE
    packed = msgpack.packb(PROFILE)
    benchmark(program(PROFILE_TYPE).decode, OCTETS)
    report(benchmark, {"msgpack.unpackb": best(lambda: msgpack.unpackb(packed))})

"""dlms.logical_name: notations, patterns, and what is refused."""

from __future__ import annotations

import copy
import pickle
from itertools import count

import pytest

from dlms.errors import DlmsError, EncodeError
from dlms.logical_name import LogicalName, LogicalNamePattern

OCTETS = bytes([1, 0, 1, 8, 0, 255])


@pytest.mark.parametrize(
    "notation",
    [
        "1-0:1.8.0*255",
        "1-0:1.8.0",
        "1-0:1.8.0.255",
        "1.0.1.8.0.255",
        "0100010800FF",
        "0100010800ff",
        "001-000:001.008.000*255",
        OCTETS,
        bytearray(OCTETS),
        memoryview(OCTETS),
        [1, 0, 1, 8, 0, 255],
        (1, 0, 1, 8, 0, 255),
        LogicalName(OCTETS),
    ],
)
def test_every_notation_is_the_same_name(notation: object) -> None:
    name = LogicalName(notation)  # type: ignore[arg-type]
    assert name == OCTETS
    assert (name.a, name.b, name.c, name.d, name.e, name.f) == (1, 0, 1, 8, 0, 255)


def test_printed_forms() -> None:
    name = LogicalName(OCTETS)
    assert str(name) == f"{name}" == "1-0:1.8.0*255"
    assert name.dotted == "1.0.1.8.0.255"
    assert name.reduced == "1-0:1.8.0"
    assert name.hex() == "0100010800ff"
    assert repr(name) == "LogicalName('1-0:1.8.0*255')"
    assert LogicalName("1-0:1.8.0*3").reduced == "1-0:1.8.0*3"


def test_it_is_a_value() -> None:
    name = LogicalName("1-0:1.8.0")
    assert {name: 1}[LogicalName("1.0.1.8.0.255")] == 1
    assert sorted([LogicalName("1-0:2.8.0"), name, LogicalName("0-0:1.0.0")])[0].a == 0
    assert type(pickle.loads(pickle.dumps(name))) is LogicalName  # noqa: S301
    assert pickle.loads(pickle.dumps(name)) == copy.deepcopy(name) == name  # noqa: S301
    with pytest.raises(AttributeError):
        name.a = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    "malformed",
    [
        "", " ", "1", "1-0", "1-0:1.8", "1.8.0", "1-0:1.8.0*256", "1-0:1.8.0*", "1-0:1.8.0*-1",
        "256-0:1.8.0", "1.0.1.8.0", "1.0.1.8.0.255.1", "1-0:1.8.0*255 ", " 1-0:1.8.0", "1-0:1.8.0*255\n",
        "1:0-1.8.0", "a-b:c.d.e", "1-0:1,8,0", "+1-0:1.8.0", "1-0:1.8.0&255", "0100010800F",
        "0100010800FF00", "0x0100010800FF", "1-0:1.8.0*٢", "١.0.1.8.0.255", "1-0:0001.8.0", "9" * 100_000,
        b"", b"12345", b"1234567", bytes(100_000), [], [1, 2, 3], [1, 2, 3, 4, 5, 256], [1, 2, 3, 4, 5, -1],
        ["1"] * 6, 6, 0, 10**30, None, 1.5, object(), count(),
    ],
)  # fmt: skip
def test_malformed_names_are_refused(malformed: object) -> None:
    with pytest.raises(EncodeError) as caught:
        LogicalName(malformed)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 200


def test_patterns() -> None:
    pattern = LogicalNamePattern("1.0-64.1.8.*.255")
    assert LogicalName("1-0:1.8.0") in pattern
    assert LogicalName("1-64:1.8.255") in pattern
    assert LogicalName("1-65:1.8.0") not in pattern
    assert LogicalName("1-0:1.8.0*1") not in pattern
    assert b"" not in pattern
    assert pattern.size == 65 * 256
    assert str(pattern) == "1.0-64.1.8.*.255"
    assert pattern == LogicalNamePattern("1.0-64.1.8.0-255.255")
    assert len({pattern, LogicalNamePattern(str(pattern))}) == 1
    assert pickle.loads(pickle.dumps(pattern)) == pattern  # noqa: S301
    with pytest.raises(AttributeError):
        pattern.groups = ()


@pytest.mark.parametrize(
    "malformed",
    ["", "1.0.1.8.0", "1.0.1.8.0.255.1", "1.0.1.8.0.256", "1.0.1.8.5-3.255", "1.0.1.8.-.255", "a.b.c.d.e.f"],
)
def test_malformed_patterns_are_refused(malformed: str) -> None:
    with pytest.raises(DlmsError):
        LogicalNamePattern(malformed)

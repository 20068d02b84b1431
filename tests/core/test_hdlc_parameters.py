"""The information field of SNRM and UA, as published and as meters send it."""

from __future__ import annotations

import pickle

import pytest

from dlms_core.fault import DecodeError, EncodeError
from dlms_core.hdlc_parameters import HdlcParameters


@pytest.mark.parametrize(
    ("octets", "transmit", "receive", "window_transmit", "window_receive"),
    [
        ("", None, None, None, None),
        ("818012050180060180070400000001080400000001", 128, 128, 1, 1),  # the standard's example
        ("818014050207EE060207EE070400000001080400000001", 2030, 2030, 1, 1),
        ("8180140502008006020080070400000001080400000001", 128, 128, 1, 1),  # lengths in two octets all the same
        ("81800C050180060180070107080107", 128, 128, 7, 7),  # windows in one octet
        ("818006050180060180", 128, 128, None, None),
        ("81800605018306014D", 131, 77, None, None),
        ("818003060140", None, 64, None, None),
        ("8180060501800501FF", 255, None, None, None),  # stated twice: the last holds
        ("81800899030102030601F0", None, 240, None, None),  # an unknown parameter
        ("81F00205058003080107", None, None, None, 7),  # user data before the parameters
        ("81", None, None, None, None),
    ],
)
def test_decode(octets, transmit, receive, window_transmit, window_receive):
    parameters = HdlcParameters.decode(bytes.fromhex(octets))
    assert parameters.max_info_field_length_transmit == transmit
    assert parameters.max_info_field_length_receive == receive
    assert parameters.window_size_transmit == window_transmit
    assert parameters.window_size_receive == window_receive
    assert HdlcParameters.decode(parameters.encode()) == parameters


def test_encode() -> None:
    assert HdlcParameters().encode() == b""
    standard = HdlcParameters(
        max_info_field_length_transmit=128,
        max_info_field_length_receive=128,
        window_size_transmit=1,
        window_size_receive=1,
    )
    assert standard.encode().hex() == "818012050180060180070400000001080400000001"
    longest = HdlcParameters(max_info_field_length_transmit=2030, window_size_receive=7)
    assert longest.encode().hex() == "81800a050207ee080400000007"


@pytest.mark.parametrize(
    ("octets", "offset", "reason"),
    [
        ("80", 0, "128"),
        ("8180", 2, "expected 1 more octets"),
        ("818003", 3, "expected 3 more octets"),
        ("81800105", 4, "expected 1 more octets"),
        ("8180020502", 5, "expected 2 more octets"),
        ("8180020500", 4, "impossible length 0"),
        ("81800705050000000080", 4, "impossible length 5"),
        ("81800306018099", 7, "expected 1 more octets"),
    ],
)
def test_unreadable(octets: str, offset: int, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason) as caught:
        HdlcParameters.decode(bytes.fromhex(octets))
    assert (caught.value.layer, caught.value.offset) == ("hdlc-parameters", offset)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_info_field_length_transmit", 31),
        ("max_info_field_length_receive", 2031),
        ("window_size_transmit", 0),
        ("window_size_receive", 8),
    ],
)
def test_out_of_range(name: str, value: int) -> None:
    with pytest.raises(EncodeError) as caught:
        HdlcParameters(**{name: value})
    assert caught.value.path == name


def test_values() -> None:
    parameters = HdlcParameters(max_info_field_length_receive=128, window_size_transmit=1)
    assert parameters == HdlcParameters(max_info_field_length_receive=128, window_size_transmit=1)
    assert hash(parameters) == hash(HdlcParameters(max_info_field_length_receive=128, window_size_transmit=1))
    assert parameters != HdlcParameters(max_info_field_length_receive=128)
    assert parameters != 5
    assert repr(parameters) == "HdlcParameters(max_info_field_length_receive=128, window_size_transmit=1)"
    assert pickle.loads(pickle.dumps(parameters)) == parameters  # noqa: S301

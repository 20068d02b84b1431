"""dlms_core.ber: object identifiers of the book and of X.690, and what is none."""

from __future__ import annotations

import pytest

from dlms_core.ber import decode_object_identifier, encode_object_identifier
from dlms_core.fault import DecodeError, EncodeError

IDENTIFIERS = [
    ("60857405080101", "2.16.756.5.8.1.1"),
    ("60857405080205", "2.16.756.5.8.2.5"),
    ("2A8648CE3D040302", "1.2.840.10045.4.3.2"),
    ("2B81040022", "1.3.132.0.34"),
    ("883703", "2.999.3"),
    ("00", "0.0"),
    ("4F", "1.39"),
    ("50", "2.0"),
    ("60FFFFFFFFFFFFFFFF7F", "2.16.9223372036854775807"),
]


@pytest.mark.parametrize(("octets", "text"), IDENTIFIERS)
def test_object_identifiers(octets, text):
    assert decode_object_identifier(bytes.fromhex(octets)) == text
    assert encode_object_identifier(text).hex().upper() == octets


@pytest.mark.parametrize("octets", ["", "80", "6085", "60FFFFFFFFFFFFFFFFFF7F"])
def test_octets_that_are_no_object_identifier(octets):
    with pytest.raises(DecodeError):
        decode_object_identifier(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "text", ["", "2", "3.1", "0.40", "1.40", "2.-1", "2.16.a", "2..1", f"2.{2**63}", None, 5, b"2.16"]
)
def test_text_that_is_no_object_identifier(text):
    with pytest.raises(EncodeError):
        encode_object_identifier(text)

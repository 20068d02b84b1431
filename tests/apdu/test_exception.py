"""confirmed-service-error and exception-response: every alternative, whatever its number."""

from __future__ import annotations

import pytest

import dlms


@pytest.mark.parametrize("alternative", range(11))
@pytest.mark.parametrize("number", [0, 1, 0x7F, 0xFF])
def test_every_service_error_is_kept(alternative: int, number: int) -> None:
    octets = bytes((0x0E, 0x01, alternative, number))
    message = dlms.decode(octets)
    assert message.service_error.value == number
    assert dlms.encode(message) == octets

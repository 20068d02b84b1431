"""Arguments of methods: what is sent where none is given."""

from __future__ import annotations

import pytest

from dlms.association.values import argument_octets
from dlms.cosem.classes import Clock, Register
from dlms.cosem.references import MethodRef
from dlms.errors import EncodeError


def test_a_method_that_needs_nothing_is_given_integer_0() -> None:
    method = Register("1.0.1.8.0.255").reset
    assert argument_octets(None, method) == argument_octets(0, method) == bytes.fromhex("0F00")


def test_nothing_is_made_up_for_a_method_that_needs_more() -> None:
    with pytest.raises(EncodeError):
        argument_octets(None, Clock("0.0.1.0.0.255").shift_time)


def test_a_method_by_number_alone_has_no_argument() -> None:
    assert argument_octets(None, MethodRef(3, "1.0.1.8.0.255", 1)) is None

"""dlms.enumerations and dlms.results: the book's codes, and what becomes of others."""

from __future__ import annotations

import copy
import enum
import inspect
import json
import pickle

import pytest

from dlms import enumerations, results, units
from dlms.enumerations import AttributeAccessV3, BitTable, CodeTable, CommunicationSpeed, Conformance, SortMethod
from dlms.results import SERVICE_ERRORS, ActionResult, DataAccessResult, ServiceErrorChoice

MODULES = (enumerations, results, units)
TABLES = [
    table
    for module in MODULES
    for _, table in inspect.getmembers(module, inspect.isclass)
    if issubclass(table, enum.Enum) and table.__module__ == module.__name__ and len(table)
]
CODE_TABLES = [table for table in TABLES if issubclass(table, CodeTable)]
BIT_TABLES = [table for table in TABLES if issubclass(table, BitTable)]


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_public_and_explained(table: type[enum.Enum]) -> None:
    module = inspect.getmodule(table)
    assert table.__name__ in module.__all__  # type: ignore[union-attr]
    assert table.__doc__
    assert len(table) == len(table.__members__), "two names for one number"


@pytest.mark.parametrize("table", CODE_TABLES)
def test_known_numbers_have_the_books_names(table: type[CodeTable]) -> None:
    for member in table:
        assert table(int(member)) is member
        assert member.known
        assert member.book_name == member.name.lower().replace("_", "-")


@pytest.mark.parametrize("table", CODE_TABLES)
@pytest.mark.parametrize("number", [-1, 200, 0xFFFF, -(1 << 63), (1 << 64) - 1])
def test_unknown_numbers_are_kept(table: type[CodeTable], number: int) -> None:
    size = len(table._value2member_map_)
    member = table(number)
    assert isinstance(member, table)
    if not member.known:
        assert member == number == table(number)
        assert hash(member) == hash(number)
        assert member.name == f"UNKNOWN_{number}"
        assert pickle.loads(pickle.dumps(member)) == copy.deepcopy(member) == member  # noqa: S301
        assert json.dumps(member) == str(number)
    assert len(table._value2member_map_) == size


@pytest.mark.parametrize("table", CODE_TABLES)
@pytest.mark.parametrize("value", ["1", None, 1.5, 1 << 64])
def test_only_wire_integers_are_codes(table: type[CodeTable], value: object) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        table(value)


@pytest.mark.parametrize("table", BIT_TABLES)
def test_unknown_bits_are_kept_and_not_remembered(table: type[BitTable]) -> None:
    size = len(table._value2member_map_)
    for number in (0, 3, 0xFF, 0xFFFFFF, 1 << 40):
        assert table(number) == number
        assert int(table(number) | 1) == number | 1
    assert len(table._value2member_map_) <= size + 1  # zero, which has no name, may stay


def test_conformance_is_the_three_octets() -> None:
    proposed = Conformance.from_bytes(bytes.fromhex("007E1F"))
    assert Conformance(int(proposed)) == (
        Conformance.PRIORITY_MGMT_SUPPORTED
        | Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET
        | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
        | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
        | Conformance.BLOCK_TRANSFER_WITH_ACTION
        | Conformance.MULTIPLE_REFERENCES
        | Conformance.GET
        | Conformance.SET
        | Conformance.SELECTIVE_ACCESS
        | Conformance.EVENT_NOTIFICATION
        | Conformance.ACTION
    )
    assert len(Conformance) == 24


def test_examples() -> None:
    assert DataAccessResult(3).book_name == "read-write-denied"
    assert ActionResult(15).book_name == "long-action-aborted"
    assert DataAccessResult(250) is DataAccessResult.OTHER_REASON
    assert SortMethod(2) is SortMethod.LIFO
    assert CommunicationSpeed(5).baud == 9600
    assert CommunicationSpeed(77).baud is None
    assert AttributeAccessV3(0x83) == AttributeAccessV3.READ | AttributeAccessV3.WRITE | (
        AttributeAccessV3.DIGITALLY_SIGNED_RESPONSE
    )
    assert SERVICE_ERRORS[ServiceErrorChoice(5)](1).book_name == "scope-of-access-violated"
    assert ServiceErrorChoice(9) is ServiceErrorChoice.TASK

"""Every declared APDU: what is encoded decodes to the same, and JSON and XML say all of it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import hypothesis.strategies as st
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from tests import captured
from tests.strategies import any_data, values_of

import dlms
from dlms.apdu import APDU
from dlms.grammar.nodes import Node
from dlms.translate import from_json, from_xml, json_schema, markdown_table, to_json, to_text, to_xml
from dlms.translate.words import leaves

DECLARED = [pytest.param(alternative.node, id=alternative.name) for alternative in leaves(APDU)]
SCHEMA = jsonschema.Draft202012Validator(json_schema())


@cache
def of_its_own(name: str) -> Any:
    """A validator of one message: the whole schema tries them one after the other."""
    return SCHEMA.evolve(schema={**json_schema(), "anyOf": [{"$ref": f"#/$defs/{name}"}]})


@pytest.mark.parametrize("declared", DECLARED)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(drawn=st.data())
def test_every_declared_apdu(declared: Node, drawn: st.DataObject) -> None:
    message = drawn.draw(values_of(declared))
    octets = dlms.encode(message)
    assert dlms.decode(octets) == message
    plain = json.loads(json.dumps(to_json(message)))
    of_its_own(plain["type"]).validate(plain)
    assert dlms.encode(from_json(plain)) == octets
    assert dlms.encode(from_xml(to_xml(message))) == octets
    assert all(line.isprintable() for line in to_text(message).split("\n"))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(any_data())
def test_any_data(value: Any) -> None:
    octets = dlms.dumps(value)
    assert dlms.dumps(from_json(json.loads(json.dumps(to_json(value))))) == octets
    assert dlms.dumps(from_xml(to_xml(value))) == octets
    assert to_text(value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["structure", "compact-array", "get-response-normal", "octet-string", "00", "type-description"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "value", "fields", "elements", "result", "of", "count"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_json_is_a_message_or_an_encode_error(plain: Any) -> None:
    try:
        from_json(plain)
    except dlms.EncodeError:
        return


@given(drawn=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_json_with_a_part_replaced_is_a_message_or_an_encode_error(drawn: st.DataObject) -> None:
    plain = to_json(drawn.draw(values_of(APDU)))
    spots = list(_spots(plain))
    holder, key = drawn.draw(st.sampled_from(spots))
    holder[key] = drawn.draw(JSON)
    try:
        read = from_json(plain)
        dlms.dumps(read) if isinstance(read, dlms.data.Data) else dlms.encode(read)
    except dlms.EncodeError:
        return


def _spots(plain: Any) -> Any:
    pairs = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, member in pairs:
        yield plain, key
        yield from _spots(member)


@given(st.text(max_size=30) | st.text('<>/ab-tures &;!"=', max_size=40))
def test_any_text_is_a_message_or_an_encode_error(text: str) -> None:
    with pytest.raises(dlms.EncodeError):
        from_xml(text)


@pytest.mark.parametrize(
    "text",
    [
        "<structure>" * 300 + "</structure>" * 300,
        "<unsigned>300</unsigned>",
        "<unsigned>x</unsigned>",
        "<boolean>1</boolean>",
        "<octet-string>0</octet-string>",
        "<compact-array/>",
        "<get-response-normal><result/></get-response-normal>",
        "<get-response-normal><result/><result/></get-response-normal>",
        "<set-response-normal><other>1</other></set-response-normal>",
        '<visible-string escape="python">\\x</visible-string>',
        "<!DOCTYPE a><unsigned>3</unsigned>",
        "<visible-string>\ud800</visible-string>",
    ],
)
def test_what_is_no_message_in_xml(text: str) -> None:
    with pytest.raises(dlms.EncodeError):
        from_xml(text)


def test_the_table_has_every_apdu() -> None:
    table = markdown_table()
    for alternative in leaves(APDU):
        assert f"| {alternative.name} |" in table


@pytest.mark.skipif(captured.CORPUS is None, reason=captured.REASON)
@pytest.mark.parametrize("item", [pytest.param(item, id=item["id"]) for item in captured.items()])
def test_captured_messages(item: dict[str, Any]) -> None:
    for message in captured.messages(item):
        plain = json.loads(json.dumps(to_json(message)))
        of_its_own(plain["type"]).validate(plain)
        assert from_xml(to_xml(message)) == message


def test_the_whole_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    SCHEMA.validate(to_json(dlms.decode(bytes.fromhex("C401C100090101"))))
    SCHEMA.validate({"type": "unsigned", "value": 1})
    assert not SCHEMA.is_valid({"type": "unsigned", "value": "1"})

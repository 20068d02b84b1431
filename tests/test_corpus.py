"""Every captured item of the corpus from its octets to the values that its source states.

Framing and frame checks have their own tests; here an item goes the whole way: framing found, deciphered where its key
is published, decoded, and the values compared with what the source asserts. `OUTCOMES` says for each captured telegram
how far it goes, and what it waits for where it does not go all the way.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import dlms
from dlms.apdu.notification import DataNotification, EventNotificationRequest
from dlms.data import loads
from dlms.errors import DlmsError, MissingKey
from dlms.grammar import Message
from dlms.link.framing import discover
from dlms.link.telegram import Telegram
from dlms.logical_name import LogicalName
from dlms.security import Key, KeyRing, KeySet
from dlms.security.ciphered import CIPHERED, open_ciphered

CORPUS = os.environ.get("DLMS_CORPUS")
pytestmark = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")

VALUES = "values as the source states them"
READ = "decoded; the source states no values by OBIS code"
POSITIONS = "decoded; positions mean what the meter's own layout says"
NO_KEY = "its key is not published"
SUITE_1 = "security suite 1"
UNTAGGED = "objects without A-XDR tags"
P1 = "a P1 telegram inside, not an APDU"
PART = "incomplete or damaged on the wire: its readable prefix"

OUTCOMES = {
    "at-kaifa-salzburg-raw": VALUES,
    "at-lgz-e450-gbt-enc-a": VALUES,
    "at-lgz-e450-gbt-enc-b": VALUES,
    "at-evn-kaifa-ma309-doc": VALUES,
    "at-kmswest-mbus-elster-nokey": NO_KEY,
    "at-kaifa-vorarlberg-enc-pair": NO_KEY,
    "at-lgz-e450-steiermark-nokey": PART,
    "at-sagemcom-t210d-enc-pair": NO_KEY,
    "at-sagemcom-t210d-10telegrams": NO_KEY,
    "at-iskra-am550-kaernten-nokey": NO_KEY,
    "at-siemens-im350-a": POSITIONS,
    "at-netznoe-kaifa-user": READ,
    "at-netznoe-sagemcom-user": READ,
    "ch-iskra-am550-3seg": VALUES,
    "ch-iskra-am550-5seg-pushlist": READ,
    "ch-lgz-e360-vse2026": VALUES,
    "ch-lgz-e450-gbt-2msg": VALUES,
    "ch-lgz-e450-gbt-altcfg": READ,
    "ch-lgz-e450-gbt-outoforder": PART,
    "ch-lgz-e450-gbt-enc-nopushlist": READ,
    "ch-lgz-e450-gbt-vse2026": VALUES,
    "ch-lgz-e570-gbt-enc": VALUES,
    "ch-kamstrup-enc-pair": NO_KEY,
    "ch-iskra-am550-enc-nokey": NO_KEY,
    "ch-lgz-e450-apdu-pushlist": READ,
    "cz-sagemcom-xt211-raw": UNTAGGED,
    "dk-kamstrup-omnipower-testkey": VALUES,
    "dk-kamstrup-plain-nve": READ,
    "dk-kamstrup-enc-pair": NO_KEY,
    "hr-iskra-ie5-seg1": PART,
    "in-push-wrapper-nokey": NO_KEY,
    "it-gas-wrapper-nokey": NO_KEY,
    "lu-smarty-p1-synthetic": P1,
    "nl-mx382-lastgasp-event": READ,
    "no-aidon-doc-1phase-list2": VALUES,
    "no-lgz-zmf100-embriq": PART,
    "no-kaifa-ma304h3e-list2-b": POSITIONS,
    "no-aidon-list2": VALUES,
    "no-aidon-list3": VALUES,
    "no-kaifa-list1": POSITIONS,
    "no-kaifa-list3": POSITIONS,
    "no-kamstrup-list1-1phase": VALUES,
    "no-kamstrup-doc-ex1": READ,
    "no-kamstrup-doc-ex2": READ,
    "no-kaifa-list1-hdlc": POSITIONS,
    "no-kamstrup-hourly-hdlc": READ,
    "no-kamstrup-badfcs": PART,
    "no-lgz-e350-embriq-288B": READ,
    "pl-elgama-gama350-p1-enc-nokey": NO_KEY,
    "se-aidon-doc-27item": VALUES,
    "se-kaifa-list": VALUES,
    "se-kamstrup-hdlc-10s": VALUES,
    "se-aidon-27item-hdlc": READ,
    "se-aidon-truncated": PART,
    "se-kaifa-ma304h4pse-list3": READ,
    "se-kaifa-ma304t4-ct": POSITIONS,
    "se-kamstrup-10s-hdlc": READ,
    "si-iskra-am550-5s": POSITIONS,
    "si-iskra-am550-enc-nokey": NO_KEY,
    "si-iskra-am550-ed121-1s": POSITIONS,
    "si-iskra-am550-ed121-energy": POSITIONS,
    "si-iskra-am550-llc": POSITIONS,
    "gb-ecs17b-read-command": SUITE_1,
    "gb-ecs17b-read-response": SUITE_1,
    "gb-ecs01a-signed-precommand": SUITE_1,
    "gb-ecs01a-signed-command": SUITE_1,
    "gb-ecs01a-response": SUITE_1,
}
"""Sessions, units and test vectors are in the tests of what they are about; these are the telegrams."""


def telegrams() -> list[Any]:
    if CORPUS is None:
        return []
    paths = [*sorted(Path(CORPUS).glob("push-*.json")), Path(CORPUS) / "gbcs.json"]
    return [item for path in paths for item in json.loads(path.read_text())["items"]]


ITEMS = [pytest.param(item, id=item["id"]) for item in telegrams()]


def keys_of(item: dict[str, Any]) -> KeyRing:
    cipher = item.get("cipher", {})
    keys = KeySet(
        encryption=Key(cipher["ek"]) if "ek" in cipher else None,
        authentication=Key(cipher["ak"]) if "ak" in cipher else None,
        system_title=bytes.fromhex(cipher["system_title"]) if "system_title" in cipher else None,
    )
    return KeyRing({}, keys if keys.encryption else None)


def plain_apdus(item: dict[str, Any]) -> list[tuple[Telegram, bytes]]:
    """The plain APDUs of an item. A tag is checked wherever the authentication key is published."""
    found = [event for event in discover(bytes.fromhex(item["hex"])) if isinstance(event, Telegram)]
    plain: list[tuple[Telegram, bytes]] = []
    for telegram in found:
        octets = telegram.apdu
        message = _decoded(octets) if telegram.complete else None
        if isinstance(message, CIPHERED):
            opened = open_ciphered(message, keys_of(item), accept_unchecked="ak" not in item["cipher"])
            assert opened.authenticated == (opened.control.authenticated and "ak" in item["cipher"])
            octets = opened.octets
        plain.append((telegram, octets))
    return plain


def named_values(body: Any) -> dict[str, list[Any]]:
    """Values by OBIS code, raw and scaled, in each of the shapes that meters push."""
    found: dict[str, list[Any]] = {}

    def put(name: bytes, value: Any, scaler_unit: Any = None) -> None:
        values = found.setdefault(str(LogicalName(name)), [])
        values.append(value)
        if isinstance(value, int) and not isinstance(value, bool) and isinstance(scaler_unit, tuple):
            values.append(Decimal(value).scaleb(scaler_unit[0]))

    def is_name(value: Any) -> bool:
        return isinstance(value, bytes) and len(value) == 6

    def walk(value: Any) -> None:
        if not isinstance(value, (list, tuple)):
            return
        members = list(value)
        if members and isinstance(members[0], list) and all(isinstance(m, tuple) and len(m) == 4 for m in members[0]):
            for (_, name, attribute, _), of in zip(members[0], members, strict=False):  # a push list describes the rest
                if attribute in (1, 2):
                    put(name, of)
            return
        at = 0
        while at < len(members):
            follows = members[at + 1] if at + 1 < len(members) else None
            alone = len(members) in (
                2,
                3,
            )  # (name, value) or (name, value, scaler-unit); else names and values alternate
            if is_name(members[at]) and follows is not None and (alone or not is_name(follows)):
                scale = members[at + 2] if at + 2 < len(members) else None
                put(members[at], follows, scale)
                at += 2
            else:
                walk(members[at])
                at += 1

    walk(body)
    return found


def same(stated: Any, value: Any, scale_by: int) -> bool:
    if isinstance(stated, str):
        if isinstance(value, (bytes, str)):
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            return text.rstrip("\0") == stated or (len(value) == 12 and stated == timestamp(value))
        return str(value) == stated
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return value is stated
    exact = Decimal(str(stated))
    return abs(exact - Decimal(value).scaleb(scale_by)) <= abs(exact) / 1_000_000 or exact == value


def timestamp(value: Any) -> str:
    read = dlms.loads(b"\x19" + value)
    return f"{read.year:04}-{read.month:02}-{read.day:02} {read.hour:02}:{read.minute:02}:{read.second:02}"


def test_the_table_names_every_telegram() -> None:
    assert {item["id"] for item in telegrams()} == set(OUTCOMES)


@pytest.mark.parametrize("item", ITEMS)
def test_from_octets_to_values(item: dict[str, Any]) -> None:
    outcome = OUTCOMES[item["id"]]
    if outcome == NO_KEY:
        events = [event for event in discover(bytes.fromhex(item["hex"])) if isinstance(event, Telegram)]
        assert events
        for event in events:
            message = _decoded(event.apdu)
            if isinstance(message, CIPHERED):
                with pytest.raises(MissingKey):
                    open_ciphered(message, KeyRing({}))
            else:
                assert event.framing == "dsmr"
        return
    if outcome == SUITE_1:
        octets = bytes.fromhex(item["hex"])
        message = dlms.decode(octets)
        unsigned = b"\0" if message.deviations else b""  # a pre-command ends before its signature
        assert bool(unsigned) == (item["id"] == "gb-ecs01a-signed-precommand")
        assert dlms.encode(message) == octets + unsigned
        return
    apdus = plain_apdus(item)
    if "plain_apdu_hex" in item:
        assert bytes.fromhex(item["plain_apdu_hex"]) in [octets for _, octets in apdus]
    if outcome == P1:
        assert all(octets.startswith(b"/") for _, octets in apdus)
        return
    if outcome in (PART, UNTAGGED):
        assert not all(telegram.complete and _decoded(octets) is not None for telegram, octets in apdus)
        return
    messages = [dlms.decode(octets) for telegram, octets in apdus if telegram.complete]
    assert messages
    assert all(isinstance(message, (DataNotification, EventNotificationRequest)) for message in messages)
    read = item.get("decoded_here", {})
    bodies = [body_of(message) for message in messages]
    if isinstance(read.get("body_count"), int):
        assert len(bodies[0]) == read["body_count"]
    if outcome == VALUES:
        check_values(item["expected"]["values"], bodies)
    else:
        assert not item.get("expected", {}).get("values")


def check_values(stated: list[dict[str, Any]], bodies: list[Any]) -> None:
    assert stated
    found: dict[str, list[Any]] = {}
    for body in bodies:
        for name, values in named_values(body).items():
            found.setdefault(name, []).extend(values)
    for entry in stated:
        name = str(LogicalName(entry["obis"]))
        values = found.get(name, [])
        assert any(same(entry["value"], value, entry.get("scale_by", 0)) for value in values), (entry, values)


def body_of(message: Message) -> Any:
    of = message.notification_body if isinstance(message, DataNotification) else message.attribute_value  # type: ignore[attr-defined]
    return loads(dlms.dumps(of))


def _decoded(octets: bytes) -> Message | None:
    try:
        return dlms.decode(octets)
    except DlmsError:
        return None

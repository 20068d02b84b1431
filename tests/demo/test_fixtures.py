"""The fixtures that ship: what their declarations give, found, opened and decoded to what they state."""

import pytest
from tools.fixtures import files

import dlms
from dlms.demo import fixtures
from dlms.link.framing import discover
from dlms.security.ciphered import open_ciphered
from dlms.security.keys import Key, KeyRing, KeySet

TELEGRAMS = fixtures.telegrams()
FRAMINGS = ["hdlc", "hdlc-segmented", "hdlc+gbt", "mbus", "mbus-segmented", "wrapper", "llc+apdu", "apdu"]


def test_they_are_what_their_declarations_give():
    for path, content in files().items():
        assert path.read_text(encoding="utf-8") == content, f"{path}: run python -m tools.fixtures"


def test_there_is_one_of_each_framing_plain_and_ciphered():
    assert [each.framing for each in TELEGRAMS if each.invocation_counter is None] == FRAMINGS
    assert [each.framing for each in TELEGRAMS if each.invocation_counter is not None] == FRAMINGS


@pytest.mark.parametrize("fixture", TELEGRAMS, ids=lambda fixture: fixture.name)
def test_telegrams(fixture):
    (telegram,) = discover(fixture.octets)
    assert (telegram.framing, telegram.complete, telegram.faults) == (fixture.framing, True, ())
    apdu = telegram.apdu
    if fixture.invocation_counter is not None:
        known = fixtures.keys()
        key_set = KeySet(encryption=Key(known.encryption_key), authentication=Key(known.authentication_key))
        opened = open_ciphered(dlms.decode(apdu), KeyRing({known.system_title: key_set}))
        assert opened.system_title == known.system_title
        assert (opened.control.octet, opened.invocation_counter) == (
            fixture.security_control,
            fixture.invocation_counter,
        )
        apdu = opened.octets
    assert apdu == fixture.apdu
    stated = [value.value for value in fixture.values]
    texts = [value.value.encode() for value in fixture.texts]
    found = list(leaves(dlms.decode(apdu).notification_body.value))
    assert is_subsequence(stated, found)
    assert all(text in found for text in texts)


def leaves(value):
    if isinstance(value, list | tuple):
        for member in value:
            yield from leaves(member)
    else:
        yield value


def is_subsequence(wanted, found):
    rest = iter(found)
    return all(value in rest for value in wanted)


def test_the_load_profile():
    profile = fixtures.load_profile()
    (telegram,) = discover(profile.octets)
    assert telegram.framing == profile.framing
    assert dlms.dumps(dlms.decode(telegram.apdu).result) == profile.buffer
    rows = dlms.loads(profile.buffer)
    captured = dlms.loads(profile.capture_objects)
    assert {len(row) for row in rows} == {len(captured)} == {len(profile.scaler_units)} == {len(profile.values)}
    assert {len(column) for column in profile.values.values()} == {len(rows)}
    assert [row[4] for row in rows] == profile.values["demand"]
    for column, name in ((1, "status"), (2, "import_energy"), (3, "export_energy")):
        last = None
        for row, value in zip(rows, profile.values[name], strict=True):
            last = row[column] if row[column] is not None else last
            assert last == value
    clocks = sum(row[0] is not None for row in rows)
    assert clocks == 9  # the first row, seven midnights, and the row after the outage
    assert len(rows) == 7 * 96 - 6

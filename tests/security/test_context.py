"""What protects an association: envelopes, what is accepted of a peer, counters, keys that change, what a trace hears.

The tags are those of the Green Book's table of ciphered APDUs, the ciphered GET its example.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.association.meter import client_context

from dlms.apdu import decode, encode
from dlms.apdu.ciphering import DedGetResponse, GeneralGloCiphering, GlobalCiphering, GloGetResponse
from dlms.errors import Downgrade, ReplayDetected, SecurityError, TagMismatch
from dlms.grammar import Message
from dlms.security import Key, MemoryCounterStore, ReplayRule, SqliteCounterStore
from dlms.security.context import SecurityContext
from dlms.security.counters import counter_name
from dlms.security.protection import Protection, Seal, SecurityControl

NONE, AUTHENTICATED, ENCRYPTED = Protection.NONE, Protection.AUTHENTICATED, Protection.ENCRYPTED
BOTH = AUTHENTICATED | ENCRYPTED
BOOK_TITLE = bytes.fromhex("4D4D4D0000BC614E")
BOOK_KEYS = {
    "encryption_key": Key("000102030405060708090A0B0C0D0E0F"),
    "authentication_key": Key("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"),
}
METER_TITLE = b"TST\0\0\0\0\2"
DEDICATED = Key("E1" * 16)
OTHER = Key("A5" * 16)
GET = bytes.fromhex("C001C100080000010000FF0200")
RESPONSE = bytes.fromhex("C401C1001105")
STRICT = ReplayRule()

ENVELOPES = {
    "01 000000065F1F0400007E1F04B0": (0x21, 0x41),
    "05 0102FA00": (0x25, 0x45),
    "06 0102FA08011105": (0x26, 0x46),
    "08 00065F1F040000501F01F40007": (0x28, 0x48),
    "0C 01001105": (0x2C, 0x4C),
    "0D 0100": (0x2D, 0x4D),
    "0E 010601": (0x2E, 0x4E),
    "16 0102FA08011105": (0x36, 0x56),
    "18 000102FA08011105": (0x38, 0x58),
    "C0 01C100080000010000FF0200": (0xC8, 0xD0),
    "C1 01C100010000600100FF02001105": (0xC9, 0xD1),
    "C2 0000010000600100FF021105": (0xCA, 0xD2),
    "C3 01C100460000600300FF0100": (0xCB, 0xD3),
    "C4 01C1001105": (0xCC, 0xD4),
    "C5 01C100": (0xCD, 0xD5),
    "C7 01C10000": (0xCF, 0xD7),
    "0F 00000001001105": (0xDB, 0xDC),
    "D8 0101": (0xDB, 0xDC),
}


def client(**changes: Any) -> SecurityContext:
    return client_context(**{"own_title": BOOK_TITLE, "peer_title": METER_TITLE, **BOOK_KEYS, **changes})


def meter(**changes: Any) -> SecurityContext:
    return client_context(**{"own_title": METER_TITLE, "peer_title": BOOK_TITLE, **BOOK_KEYS, **changes})


def altered(message: Message, **changes: Any) -> Any:
    assert isinstance(message, GlobalCiphering | GeneralGloCiphering)
    return dataclasses.replace(message, ciphered_content=dataclasses.replace(message.ciphered_content, **changes))


@pytest.mark.parametrize(
    ("protection", "octets"),
    [
        (BOTH, "C81E 30 01234567 411312FF935A47566827C467BC 7D825C3BE4A77C3FCC056B6B"),
        (AUTHENTICATED, "C81E 10 01234567 C0010000080000010000FF0200 06725D910F9221D263877516"),
        (ENCRYPTED, "C812 20 01234567 411312FF935A47566827C467BC"),
    ],
)
def test_the_example_of_the_book(protection: Protection, octets: str) -> None:
    get = decode(bytes.fromhex("C0010000080000010000FF0200"))
    assert client(protection=protection).protect(get, 0x01234567) == bytes.fromhex(octets)
    assert meter(protection=protection).unprotect(decode(bytes.fromhex(octets))) == encode(get)


@pytest.mark.parametrize("dedicated", [False, True])
@pytest.mark.parametrize("plain", ENVELOPES)
def test_every_envelope(plain: str, dedicated: bool) -> None:
    keys = {"dedicated_key": DEDICATED, "use_dedicated": dedicated}
    sent = client(**keys).protect(decode(bytes.fromhex(plain)), 1)
    assert sent[0] == ENVELOPES[plain][dedicated]
    assert meter(**keys).unprotect(decode(sent)) == bytes.fromhex(plain)


@pytest.mark.parametrize("protection", [AUTHENTICATED, ENCRYPTED, BOTH])
@pytest.mark.parametrize("dedicated", [False, True])
@pytest.mark.parametrize("suite", [0, 1, 2])
def test_general_apdus_carry_the_title(protection: Protection, dedicated: bool, suite: int) -> None:
    octets = 32 if suite == 2 else 16
    both = {
        "protection": protection,
        "suite": suite,
        "encryption_key": Key(bytes(range(octets))),
        "authentication_key": Key(bytes(octets)),
        "dedicated_key": Key(bytes([0xE1]) * octets),
        "use_dedicated": dedicated,
    }
    sent = client(general=True, **both).protect(decode(GET), 7)
    assert sent.startswith(bytes([0xDC if dedicated else 0xDB, 8]) + BOOK_TITLE)
    assert meter(**both).unprotect(decode(sent)) == GET


def test_a_dedicated_key_waits_for_its_association() -> None:
    sent = client(dedicated_key=DEDICATED).protect(decode(GET), 1)
    assert sent[0] == 0xC8
    without = client(use_dedicated=True)
    assert without.protect(decode(GET), 1) == sent
    assert without.sending_counter == (without.counters, counter_name(BOOK_TITLE, without.encryption_key))


def test_what_needs_protection_besides_the_policy() -> None:
    """A reply to a challenge is authenticated whatever the policy."""
    bare, peer = client(protection=NONE), meter(protection=NONE)
    assert bare.protect(decode(GET), 1, besides=AUTHENTICATED)[2] == 0x10
    assert bare.protect(decode(GET), 2, besides=BOTH)[2] == 0x30
    assert bare.protect(decode(GET), 3, besides=AUTHENTICATED)[2] == 0x10
    for number, besides in enumerate((AUTHENTICATED, BOTH, AUTHENTICATED), 4):
        sent = decode(bare.protect(decode(GET), number, besides=besides))
        assert peer.unprotect(sent, besides=besides) == GET
    sent = decode(client(protection=ENCRYPTED).protect(decode(GET), 9))
    with pytest.raises(Downgrade, match=r"is not authenticated$"):
        meter(protection=ENCRYPTED).unprotect(sent, besides=AUTHENTICATED)


class TestRefused:
    """Nothing refused counts: what was sent honestly is still taken afterwards."""

    @pytest.fixture
    def honest(self) -> Any:
        return decode(meter().protect(decode(RESPONSE), 5))

    def refused(self, message: Any, words: str, honest: Message, error: type[SecurityError] = SecurityError) -> None:
        of = client(replay=STRICT)
        with pytest.raises(error, match=words):
            of.unprotect(message)
        assert of.unprotect(honest) == RESPONSE

    def test_less_than_asked(self, honest: Message) -> None:
        for control, missing in ((0x10, "encrypted"), (0x20, "authenticated")):
            less = meter(protection=Protection(control)).protect(decode(RESPONSE), 5)
            self.refused(decode(less), f"is not {missing}$", honest, Downgrade)
        nothing = altered(honest, security_control=0, invocation_counter=None, authentication_tag=None)
        self.refused(nothing, "is not authenticated and encrypted$", honest, Downgrade)

    def test_nothing_where_nothing_is_asked(self, honest: Message) -> None:
        nothing = altered(honest, security_control=0, invocation_counter=None, authentication_tag=None)
        with pytest.raises(Downgrade, match="is not protected"):
            client(protection=NONE).unprotect(nothing)

    def test_more_than_asked_is_taken(self, honest: Message) -> None:
        for less in (NONE, AUTHENTICATED, ENCRYPTED):
            assert client(protection=less).unprotect(honest) == RESPONSE

    def test_the_broadcast_key(self, honest: Message) -> None:
        self.refused(altered(honest, security_control=0x70), "broadcast key", honest)

    @pytest.mark.parametrize("suite", [1, 2, 15])
    def test_another_suite(self, honest: Message, suite: int) -> None:
        self.refused(altered(honest, security_control=0x30 | suite), f"suite {suite}, not 0", honest)

    def test_another_sender(self, honest: Message) -> None:
        general = decode(meter(general=True).protect(decode(RESPONSE), 6))
        assert isinstance(general, GeneralGloCiphering)
        stranger = dataclasses.replace(general, system_title=b"TST\0\0\0\0\3")
        self.refused(stranger, "another sender: 5453540000000003", honest)
        assert client().unprotect(dataclasses.replace(general, system_title=b"")) == RESPONSE

    def test_a_dedicated_key_that_nobody_agreed_on(self, honest: Message) -> None:
        dedicated = meter(dedicated_key=DEDICATED, use_dedicated=True).protect(decode(RESPONSE), 6)
        self.refused(decode(dedicated), "none was agreed on", honest)

    def test_altered_octets(self, honest: Message) -> None:
        self.refused(altered(honest, invocation_counter=6), "tag does not fit", honest, TagMismatch)
        self.refused(altered(honest, authentication_tag=bytes(12)), "tag does not fit", honest, TagMismatch)

    def test_what_is_no_apdu_without_a_tag(self) -> None:
        of = client(protection=ENCRYPTED, replay=STRICT)
        honest = decode(meter(protection=ENCRYPTED).protect(decode(RESPONSE), 5))
        with pytest.raises(SecurityError, match="is no APDU"):
            of.unprotect(altered(honest, invocation_counter=0xFFFF_0000))
        assert of.unprotect(honest) == RESPONSE

    def test_with_a_tag_any_octets_are_handed_on(self) -> None:
        """Whoever holds the keys answers for them; what they are is said by who decodes them."""
        seal = Seal(SecurityControl.of(0x30), METER_TITLE, **BOOK_KEYS)
        octets = seal.apdu(0xCC, b"\xff\xff\xff", 7)
        assert client().unprotect(decode(octets)) == b"\xff\xff\xff"


class TestCounters:
    @pytest.mark.parametrize("rule", [STRICT, ReplayRule("per_association")])
    def test_a_recorded_apdu_is_not_taken_twice(self, rule: ReplayRule) -> None:
        of = client(replay=rule)
        recorded = decode(meter().protect(decode(RESPONSE), 5))
        of.unprotect(recorded)
        with pytest.raises(ReplayDetected):
            of.unprotect(recorded)
        assert of.unprotect(decode(meter().protect(decode(RESPONSE), 6))) == RESPONSE

    def test_those_of_the_dedicated_key_are_its_own(self) -> None:
        own, peer = client(dedicated_key=DEDICATED), meter(dedicated_key=DEDICATED)
        store, name = own.sending_counter
        assert (store, name) == (own.counters, counter_name(BOOK_TITLE, own.encryption_key))
        assert own.unprotect(decode(peer.protect(decode(RESPONSE), 1000))) == RESPONSE
        own.use_dedicated = peer.use_dedicated = True
        store, name = own.sending_counter
        assert store is not own.counters
        assert name == counter_name(BOOK_TITLE, DEDICATED)
        assert store.reserve(name) == 0
        assert own.unprotect(decode(peer.protect(decode(RESPONSE), 1))) == RESPONSE
        peer.use_dedicated = False
        with pytest.raises(ReplayDetected):
            own.unprotect(decode(peer.protect(decode(RESPONSE), 1000)))

    def test_what_is_at_hand_is_used_at_once(self, tmp_path: Path) -> None:
        of = client(counters=MemoryCounterStore(first=9))
        assert of.sealed_at_once(GET[0], GET) == client().protect(decode(GET), 9)
        assert of.sealed_at_once(GET[0], GET) == client().protect(decode(GET), 10)
        with SqliteCounterStore(tmp_path / "counters.sqlite", first=5) as store:
            of = client(counters=store)
            assert of.sealed_at_once(GET[0], GET) is None
            assert store.reserve(of.sending_counter[1]) == 5
            assert of.sealed_at_once(GET[0], GET) == client().protect(decode(GET), 6)

    def test_nothing_asked_for_takes_no_counter(self) -> None:
        of = client(protection=NONE)
        assert of.sealed_at_once(GET[0], GET) == GET
        store, name = of.sending_counter
        assert store.next_value(name) == 100

    @pytest.mark.parametrize(
        ("changes", "plain"),
        [({"general": True}, GET), ({"trace": lambda what, octets: None}, GET), ({}, bytes.fromhex("D80101"))],
    )
    def test_what_takes_more_takes_no_counter_at_once(self, changes: dict[str, Any], plain: bytes) -> None:
        of = client(**changes)
        assert of.sealed_at_once(plain[0], plain) is None
        store, name = of.sending_counter
        assert store.next_value(name) == 100

    def test_the_lowest_that_is_acceptable(self) -> None:
        keys = {"dedicated_key": DEDICATED}
        of, peer = client(**keys), meter(**keys)
        assert of.lowest_acceptable(GloGetResponse) == of.lowest_acceptable(DedGetResponse) == 0
        of.unprotect(decode(peer.protect(decode(RESPONSE), 5)))
        assert (of.lowest_acceptable(GloGetResponse), of.lowest_acceptable(DedGetResponse)) == (6, 0)
        peer.use_dedicated = True
        of.unprotect(decode(peer.protect(decode(RESPONSE), 0)))
        assert (of.lowest_acceptable(GloGetResponse), of.lowest_acceptable(DedGetResponse)) == (6, 1)


class TestWhateverChanges:
    """Nothing goes on as it was before."""

    CHANGES: ClassVar[list[dict[str, Any]]] = [
        {"encryption_key": OTHER},
        {"authentication_key": OTHER},
        {"protection": AUTHENTICATED},
        {"use_dedicated": True},
    ]

    @pytest.mark.parametrize("changes", [*CHANGES, {"own_title": b"TST\0\0\0\0\7"}, {"general": True}])
    def test_sending(self, changes: dict[str, Any]) -> None:
        of, fresh = client(dedicated_key=DEDICATED), client(dedicated_key=DEDICATED, **changes)
        assert of.sealed_at_once(GET[0], GET) == client().protect(decode(GET), 100)
        of.protect(decode(GET), 101)
        for name, value in changes.items():
            setattr(of, name, value)
        store, counted = of.sending_counter
        expected = fresh.protect(decode(GET), store.next_value(counted))
        assert of.protect(decode(GET), store.next_value(counted)) == expected
        assert of.sealed_at_once(GET[0], GET) == (None if of.general else expected)

    @pytest.mark.parametrize("changes", [*CHANGES, {"peer_title": b"TST\0\0\0\0\7"}])
    def test_receiving(self, changes: dict[str, Any]) -> None:
        of, former = client(dedicated_key=DEDICATED), meter(dedicated_key=DEDICATED)
        of.unprotect(decode(former.protect(decode(RESPONSE), 1)))
        assert opened(of, former.protect(decode(RESPONSE), 2)) == RESPONSE
        for name, value in changes.items():
            setattr(of, name, value)
        assert opened(of, former.protect(decode(RESPONSE), 3)) is None
        theirs = {"own_title" if name == "peer_title" else name: value for name, value in changes.items()}
        now = meter(dedicated_key=DEDICATED, **theirs)
        assert of.unprotect(decode(now.protect(decode(RESPONSE), 4))) == RESPONSE
        assert opened(of, now.protect(decode(RESPONSE), 5)) == RESPONSE


class TestKeysThatChange:
    def test_other_keys_from_now_on(self) -> None:
        of = client()
        of.protect(decode(GET), 1)
        of.unprotect(decode(meter().protect(decode(RESPONSE), 1)))
        counter = 2
        for changed in ({"authentication_key": OTHER}, {"encryption_key": OTHER}):
            former, keys = meter(**BOOK_KEYS), {**BOOK_KEYS, **changed}
            of.change_keys(**keys)
            assert of.protect(decode(GET), counter) == client(**keys).protect(decode(GET), counter)
            assert of.opened_at_once(former.protect(decode(RESPONSE), counter)) is None
            with pytest.raises(TagMismatch):
                of.unprotect(decode(former.protect(decode(RESPONSE), counter)))
            assert of.unprotect(decode(meter(**keys).protect(decode(RESPONSE), counter))) == RESPONSE
        assert of.sending_counter[1] == counter_name(BOOK_TITLE, of.encryption_key)

    def test_received_counters_belong_to_the_encryption_key(self) -> None:
        of = client()
        of.unprotect(decode(meter().protect(decode(RESPONSE), 500)))
        of.change_keys(of.encryption_key, OTHER)
        with pytest.raises(ReplayDetected):
            of.unprotect(decode(meter(authentication_key=OTHER).protect(decode(RESPONSE), 500)))
        of.change_keys(DEDICATED, OTHER)
        changed = meter(encryption_key=DEDICATED, authentication_key=OTHER)
        assert of.unprotect(decode(changed.protect(decode(RESPONSE), 0))) == RESPONSE

    def test_a_dedicated_key_stays(self) -> None:
        of = client(dedicated_key=DEDICATED, use_dedicated=True)
        peer = meter(dedicated_key=DEDICATED, use_dedicated=True)
        of.unprotect(decode(peer.protect(decode(RESPONSE), 5)))
        of.change_keys(OTHER, of.authentication_key)
        assert of.protect(decode(GET), 1)[0] == 0xD0
        with pytest.raises(ReplayDetected):
            of.unprotect(decode(peer.protect(decode(RESPONSE), 5)))


def opened(own: SecurityContext, octets: bytes) -> bytes | None:
    """What a client does with an answer."""
    found = own.opened_at_once(octets)
    if found is None:
        return None
    counter, plain, accept = found
    accept(counter)
    return plain


class TestOpenedAtOnce:
    """In one step, or not: what it opens is what `unprotect` makes of it."""

    def begun(self, **changes: Any) -> tuple[SecurityContext, SecurityContext]:
        """A client that has opened one response of its meter, which is the next's counter 2."""
        own, peer = client(**changes), meter(**changes)
        assert own.opened_at_once(peer.protect(decode(RESPONSE), 0)) is None
        own.unprotect(decode(peer.protect(decode(RESPONSE), 1)))
        return own, peer

    @pytest.mark.parametrize("protection", [AUTHENTICATED, BOTH])
    @pytest.mark.parametrize("dedicated", [False, True])
    def test_what_is_just_as_asked(self, protection: Protection, dedicated: bool) -> None:
        own, peer = self.begun(protection=protection, dedicated_key=DEDICATED, use_dedicated=dedicated)
        sent = peer.protect(decode(RESPONSE), 2)
        assert opened(own, sent) == RESPONSE
        with pytest.raises(ReplayDetected):
            opened(own, sent)
        with pytest.raises(ReplayDetected):
            own.unprotect(decode(sent))
        assert opened(own, peer.protect(decode(RESPONSE), 3)) == RESPONSE

    def left(self, own: SecurityContext, octets: bytes) -> None:
        """It is left to `unprotect`, for which nothing has counted yet."""
        assert own.opened_at_once(octets) is None
        assert own.unprotect(decode(octets)) == RESPONSE

    def test_what_has_no_tag(self) -> None:
        own, peer = self.begun(protection=ENCRYPTED)
        self.left(own, peer.protect(decode(RESPONSE), 2))

    def test_what_is_protected_more_than_asked(self) -> None:
        own, _ = self.begun(protection=AUTHENTICATED)
        more = meter()
        self.left(own, more.protect(decode(RESPONSE), 2))
        self.left(own, more.protect(decode(RESPONSE), 3))

    def test_general_apdus(self) -> None:
        own, peer = self.begun()
        peer.general = True
        self.left(own, peer.protect(decode(RESPONSE), 2))

    def test_what_may_have_to_wait_for_a_disk(self, tmp_path: Path) -> None:
        with SqliteCounterStore(tmp_path / "counters.sqlite") as store:
            own, peer = self.begun(counters=store, replay=STRICT)
            self.left(own, peer.protect(decode(RESPONSE), 2))
            plain, waiting = own.deciphered(decode(peer.protect(decode(RESPONSE), 3)))
            assert plain == RESPONSE
            assert waiting is not None
            received, counter = waiting
            assert (received.last, counter) == (2, 3)
            received.accept(counter)
            assert received.last == 3

    def test_what_is_traced(self) -> None:
        told: list[tuple[str, bytes]] = []
        own, peer = client(trace=lambda what, octets: told.append((what, octets))), meter()
        own.protect(decode(GET), 1)
        own.unprotect(decode(peer.protect(decode(RESPONSE), 1)))
        self.left(own, peer.protect(decode(RESPONSE), 2))
        assert told == [("plaintext sent", GET), ("plaintext received", RESPONSE), ("plaintext received", RESPONSE)]

    def test_other_keys(self) -> None:
        own, _ = self.begun()
        own.change_keys(OTHER, own.authentication_key)
        self.left(own, meter(encryption_key=OTHER).protect(decode(RESPONSE), 0))
        own.change_keys(OTHER, DEDICATED)
        changed = meter(encryption_key=OTHER, authentication_key=DEDICATED)
        assert opened(own, changed.protect(decode(RESPONSE), 1)) == RESPONSE

    def test_another_dedicated_key(self) -> None:
        own, peer = self.begun(dedicated_key=DEDICATED, use_dedicated=True)
        own.dedicated_key = OTHER
        assert own.opened_at_once(peer.protect(decode(RESPONSE), 2)) is None
        with pytest.raises(TagMismatch):
            own.unprotect(decode(peer.protect(decode(RESPONSE), 2)))
        assert (
            own.unprotect(decode(meter(dedicated_key=OTHER, use_dedicated=True).protect(decode(RESPONSE), 2)))
            == RESPONSE
        )

    def test_the_global_key_once_the_dedicated_one_is_used(self) -> None:
        own, peer = self.begun(dedicated_key=DEDICATED, use_dedicated=True)
        peer.use_dedicated = False
        self.left(own, peer.protect(decode(RESPONSE), 2))
        peer.use_dedicated = True
        assert opened(own, peer.protect(decode(RESPONSE), 2)) == RESPONSE

    def test_altered_octets_are_left_to_say_what_is_wrong(self) -> None:
        own, peer = self.begun()
        sent = bytearray(peer.protect(decode(RESPONSE), 2))
        sent[-1] ^= 1
        assert own.opened_at_once(bytes(sent)) is None
        assert own.opened_at_once(RESPONSE) is None
        sent[-1] ^= 1
        assert opened(own, bytes(sent)) == RESPONSE

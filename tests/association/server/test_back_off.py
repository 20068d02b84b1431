"""How long a client waits after it failed to prove itself."""

from __future__ import annotations

from tests.association.meter import (
    CLIENT_TITLE,
    CTOS,
    DIGEST,
    PASSWORD,
    READER,
    SERVER_TITLE,
    STOC,
    aarq,
    ask,
    meter,
    proof,
)

from dlms.association.server.association import State
from dlms.association.server.back_off import BackOff
from dlms.association.server.session import ServerSession
from dlms.results import ActionResult, AssociationResult
from dlms.security.hls import Proof
from dlms.security.settings import Mechanism

RIGHT = Proof(
    mechanism=Mechanism.HLS_SHA256, challenge=STOC, own_challenge=CTOS, title=CLIENT_TITLE, peer_title=SERVER_TITLE,
    secret=PASSWORD,
).digest()  # fmt: skip


def session(client: int, back_off: BackOff) -> ServerSession:
    return ServerSession(meter(), client, random=lambda count: STOC[:count], back_off=back_off)


def test_who_begins_at_several_places_at_once_guesses_but_once() -> None:
    back_off = BackOff(first=10.0)
    sessions = [session(DIGEST, back_off) for _ in range(4)]
    for of in sessions:
        assert ask(of, aarq(6, CTOS)).result == AssociationResult.ACCEPTED
    assert ask(sessions[0], proof(bytes(32))).single_response.result == ActionResult.READ_WRITE_DENIED
    assert back_off.closed(9.0)
    for of in sessions[1:3]:
        assert ask(of, proof(RIGHT), 9.0).single_response.result == ActionResult.READ_WRITE_DENIED
        assert of.state is State.NON_ASSOCIATED
    assert not back_off.closed(11.0), "what nobody looked at is no failure"
    assert ask(sessions[3], proof(RIGHT), 11.0).single_response.result == ActionResult.SUCCESS


def test_the_wait_grows_with_failures_in_a_row_only() -> None:
    """Of a password as of HLS."""
    back_off = BackOff(first=1.0)
    of = session(READER, back_off)
    now = 0.0
    for _ in range(5):
        assert ask(of, aarq(1, b"wrong"), now).result == AssociationResult.REJECTED_PERMANENT
        assert ask(of, aarq(1, PASSWORD), now + 0.9).result == AssociationResult.REJECTED_TRANSIENT
        assert ask(of, aarq(1, PASSWORD), now + 1.1).result == AssociationResult.ACCEPTED
        now += 10.0
    for wait in (1.0, 2.0, 4.0, 8.0):
        ask(of, aarq(1, b"wrong"), now)
        assert ask(of, aarq(1, PASSWORD), now + wait - 0.1).result == AssociationResult.REJECTED_TRANSIENT
        now += wait + 0.1


def test_an_association_that_waits_for_its_proof_proves_nothing() -> None:
    back_off = BackOff(first=1.0)
    of = session(DIGEST, back_off)
    now = 0.0
    for wait in (1.0, 2.0, 4.0):
        assert ask(of, aarq(6, CTOS), now).result == AssociationResult.ACCEPTED
        ask(of, proof(bytes(32)), now)
        assert back_off.closed(now + wait - 0.1)
        now += wait + 0.1

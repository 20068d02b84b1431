"""High level security: each side proves that it knows the secret by a function of the other's challenge.

C is the client's system title, S the server's, CtoS and StoC the challenges. The client sends f(StoC) as the argument
of Association.reply_to_HLS_authentication, the server answers with f(CtoS). Both are computed here by one function,
from the point of view of the side that replies. Source: the Green Book's table of authentication mechanisms, checked
with published vectors.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from dlms.errors import AuthenticationFailed, ConfigurationError
from dlms.security.keys import Key
from dlms.security.protection import Protection, SecurityControl, protect
from dlms.security.settings import ManufacturerReply, Mechanism

CHALLENGE_LENGTHS = range(8, 65)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What one side's reply is made of. `challenge` is the one it answers, `own_challenge` the one that it sent."""

    mechanism: Mechanism
    challenge: bytes
    own_challenge: bytes
    title: bytes = b""
    peer_title: bytes = b""
    secret: bytes = b""
    manufacturer_reply: ManufacturerReply | None = None

    def digest(self) -> bytes:
        """The reply of the mechanisms that need no counter: 2, 3, 4 and 6."""
        match self.mechanism:
            case Mechanism.HLS if self.manufacturer_reply is not None:
                return self.manufacturer_reply(self.challenge, self.secret)
            case Mechanism.HLS_MD5:
                return hashlib.md5(self.challenge + self.secret, usedforsecurity=True).digest()  # noqa: S324
            case Mechanism.HLS_SHA1:
                return hashlib.sha1(self.challenge + self.secret, usedforsecurity=True).digest()  # noqa: S324
            case Mechanism.HLS_SHA256:
                titles = self.title + self.peer_title
                return hashlib.sha256(self.secret + titles + self.challenge + self.own_challenge).digest()
        raise ConfigurationError(f"mechanism {self.mechanism.name} has no reply of this kind")

    def check_digest(self, reply: bytes) -> None:
        """Compare a received reply with this one in constant time; raises AuthenticationFailed."""
        if not hmac.compare_digest(self.digest(), reply):
            raise AuthenticationFailed("the peer's reply to our challenge is wrong: it does not know the secret")


def gmac(
    challenge: bytes, *, suite: int, counter: int, title: bytes, encryption_key: Key, authentication_key: Key
) -> bytes:
    """The 12-octet tag of mechanism 5 over a challenge; `title` and `counter` are those of the side that replies."""
    control = SecurityControl(suite, Protection.AUTHENTICATED)
    _, tag = protect(
        challenge, control=control, invocation_counter=counter, system_title=title,
        encryption_key=encryption_key, authentication_key=authentication_key,
    )  # fmt: skip
    return tag


def check_challenges(received: bytes, own: bytes) -> None:
    """A challenge that is too short or too long, or our own sent back, is refused."""
    if len(received) not in CHALLENGE_LENGTHS:
        raise AuthenticationFailed(f"a challenge has 8 to 64 octets, the peer's has {len(received)}")
    if hmac.compare_digest(received, own):
        raise AuthenticationFailed("the peer sent our own challenge back")

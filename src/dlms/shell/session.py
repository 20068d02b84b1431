"""The conversation with a meter, without what carries it on: the link set up, associations, operations, time limits.

Everything here yields demands (`dlms.shell.demands`); the shells for threads and for asyncio carry them out. Nothing
is demanded while an exception that is none of ours (a cancellation) passes: a conversation can be dropped anywhere, and
the next one finds the link as it is.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import NoneType
from typing import Any, Final, Self, TypeAlias, TypeVar, Unpack

from dlms.apdu import decode, encode_with_data_octets
from dlms.association.client import ClientAssociation
from dlms.association.counters import advance_counter, check_counted, read_counter
from dlms.association.effects import (
    Accept,
    Accepting,
    Effect,
    Exchange,
    PassOver,
    Progress,
    Random,
    Receive,
    Reserve,
    Send,
    SetAside,
    Wait,
)
from dlms.association.engine import Engine, Trace
from dlms.association.opening import CURRENT_ASSOCIATION, Proposal
from dlms.cosem.references import AttributeRef
from dlms.errors import AssociationRejected, ConfigurationError, DeadlineExceeded, DlmsError, LinkError, TransportError
from dlms.grammar import Message
from dlms.results import AssociationResult
from dlms.security.settings import Security
from dlms.service_errors import ServiceError
from dlms.shell.demands import Conversation, Dial, HangUp, Transmit
from dlms.shell.options import OnProgress, TargetOptions
from dlms.shell.policy import NEVER, Deadlines, Retries
from dlms.shell.redaction import Redacted
from dlms.shell.target import Target

R = TypeVar("R")
Operation: TypeAlias = Callable[[ClientAssociation], Exchange[R]]
NOTIFICATIONS_MOST = 1024  # kept while nobody asks for them; the oldest make room
CURRENT_NAME: Final = {names: AttributeRef(12 if names else 15, CURRENT_ASSOCIATION, 1) for names in (False, True)}
"""By whether names are short: the name of the current association, which every client may read."""


class Session:
    """One client's conversation with one logical device.

    `adopted` says that the transport was handed in open: once it has ended, there is no other.
    """

    def __init__(
        self,
        target: Target,
        *,
        deadlines: Deadlines | None = None,
        retries: Retries | None = None,
        keep_alive: float | None = None,
        on_progress: OnProgress | None = None,
        trace: Trace | None = None,
        adopted: bool = False,
    ) -> None:
        self.target = target
        for name, given, kind in (("deadlines", deadlines, Deadlines), ("retries", retries, Retries)):
            if not isinstance(given, (kind, NoneType)):
                raise ConfigurationError(f"{name}: expected a dlms.client.{kind.__name__}, got {given!r:.40}")
        self.deadlines = deadlines or Deadlines()
        if not isinstance(keep_alive, (int, float, NoneType)) or (
            keep_alive is not None and not 0 < keep_alive < float("inf")
        ):
            raise ConfigurationError(f"keep_alive is a number of seconds above 0, not {keep_alive!r:.40}")
        self.keep_alive = keep_alive
        self._trace = None if trace is None else Redacted(trace, target, lambda name: self.association.meaning_of(name))
        self._on_progress = on_progress
        self.association = self._association(target.proposal)
        self._retries = retries or NEVER
        self._notifications: deque[Message] = deque(maxlen=NOTIFICATIONS_MOST)
        self._adopted = adopted
        self._engine = Engine(target.link(), self._trace)
        self._lost: DlmsError | None = None  # why there is no link any more
        self._dialled = self._ended = False  # the transport
        self._last_word = 0.0  # when octets went to the meter

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        deadlines: Deadlines | None = None,
        retries: Retries | None = None,
        keep_alive: float | None = None,
        on_progress: OnProgress | None = None,
        trace: Trace | None = None,
        adopted: bool = False,
        **whom: Unpack[TargetOptions],
    ) -> Self:
        """A session with whom a caller names; ConfigurationError for what cannot be asked for."""
        return cls(
            Target.of(url, **whom),
            deadlines=deadlines,
            retries=retries,
            keep_alive=keep_alive,
            on_progress=on_progress,
            trace=trace,
            adopted=adopted,
        )

    def _association(self, proposal: Proposal) -> ClientAssociation:
        return ClientAssociation(proposal, trace=self._trace, tells_progress=self._on_progress is not None)

    # ---- opening and closing --------------------------------------------------------------------------------------

    def open(self) -> Conversation[None]:
        """Open the transport, set the link up and open the association."""
        yield from self._opened(self._retries.pauses())

    def _opened(self, pauses: Iterator[float]) -> Conversation[None]:
        """Connected and associated; again after each of the pauses where that fails for want of an answer."""
        while True:
            try:
                if not (self._adopted and self._dialled):
                    yield Dial()
                    self._dialled, self._ended = True, False
                yield from self._associated()
            except (TransportError, LinkError, AssociationRejected) as error:
                pause = next(pauses, None) if self._worth_repeating(error) else None
                if pause is None:
                    raise
            else:
                return
            yield from self._away(pause)

    def _associated(self) -> Conversation[None]:
        self._lost = LinkError("the association was not opened")
        self._engine = Engine(self.target.link(), self._trace)
        self._engine.connect(time.monotonic())
        yield from self._until(self._engine.is_connected, self.deadlines.link, "the link")
        yield from self.run(ClientAssociation.open, repeatable=None)
        self._lost = None

    def _worth_repeating(self, error: DlmsError) -> bool:
        if self._adopted and self._ended:
            return False
        # After a lost link a meter may hold on to the association that it knew, and then says so.
        return not isinstance(error, AssociationRejected) or error.result == AssociationResult.REJECTED_TRANSIENT

    def _away(self, pause: float) -> Conversation[None]:
        """A pause without a link."""
        if not self._adopted:
            yield HangUp()
        yield Wait(pause)

    def close(self) -> Conversation[None]:
        """Release the association, take the link down and close the transport, whatever happens on the way."""
        if self._lost is None:
            yield from self._left()
        self.association.forget()
        yield HangUp()

    def _left(self) -> Conversation[None]:
        with contextlib.suppress(DlmsError):
            if self._engine.awaiting:
                yield from self._settled(self.deadlines.release)
            yield from self.run(ClientAssociation.release, repeatable=None, limit=self.deadlines.release)
        with contextlib.suppress(DlmsError):
            self._engine.disconnect(time.monotonic())
            yield from self._until(self._engine.is_disconnected, self.deadlines.release, "the link's end")

    # ---- being another client -------------------------------------------------------------------------------------

    def turn_to(self, client: int, security: Security) -> None:
        """Be another client from here on, which is not associated yet."""
        self.target = self.target.as_client(client, security)
        self.association = self._association(self.target.proposal)

    def reassociate(self, client: int, security: Security) -> Conversation[None]:
        """Release the association and open one as another client, over the same transport if the meter leaves it open.

        With HDLC the client's address is that of the link, so the link is taken down and set up anew as well.
        """
        yield from self._left()
        self.turn_to(client, security)
        yield from self._associated_anew()

    def _associated_anew(self) -> Conversation[None]:
        """Over the same transport, or, where the meter hangs up with the association, as some do, over a new one."""
        try:
            yield from self._associated()
        except (TransportError, LinkError):
            if self._adopted:
                raise
            yield from self._opened(self._retries.pauses())

    def synchronise_counter(self, public_client: int, counter: AttributeRef[Any], *, force: bool) -> Conversation[int]:
        """Leave the association, read the counter as the public client, and come back with ours above it.

        Given up on the way, the connection counts as lost: nothing is ever done as the public client but this.
        """
        own, association = self.target, self.association
        security = association.proposal.security
        check_counted(security)
        failure: DlmsError | None = None
        following = 0
        try:
            try:
                yield from self.reassociate(public_client, Security())
                last = yield from self.run(lambda public: read_counter(public, counter), repeatable=None)
                following = advance_counter(security, last, force=force)
            except DlmsError as error:
                failure = error
            yield from self._left()
        finally:
            self.target, self.association = own, association
            self._lost = LinkError("the association was left for the public client's, to read the counter")
        yield from self._associated_anew()
        if failure is not None:
            raise failure
        return following

    # ---- operations -----------------------------------------------------------------------------------------------

    def run(
        self, operation: Operation[R], *, repeatable: bool | None = False, limit: float | None = None
    ) -> Conversation[R]:
        """Carry out an operation of the association; where no answer comes and it is `repeatable`, again: the first
        time over the same link, then, or where that is lost, over a new one.

        With None for `repeatable` the link is there, and what becomes of it is the caller's business. `limit` is how
        many seconds each answer may take, unless it is the usual time. Every generator that waits within another
        costs each message some of its time, so there is but this one.
        """
        engine, monotonic = self._engine, time.monotonic
        if repeatable is not None and (self._lost is not None or engine.awaiting):
            return (yield from self._repeated(operation, None, repeatable=repeatable))
        if limit is None:
            limit = self.deadlines.response
        unsolicited = engine.unsolicited
        exchange = operation(self.association)
        send = exchange.send
        proceed: Callable[[Any], Effect] = send
        outcome: Any = None
        deadline: float | None = None  # of an answer that is waited for already
        try:
            while True:
                try:
                    effect = proceed(outcome)
                except StopIteration as stop:
                    if not engine.untimed and (octets := engine.octets_to_send()):  # what the link still has to say
                        yield from self._transmitted(octets)
                    result: R = stop.value
                    return result
                proceed, outcome = send, None
                try:
                    if type(effect) is bytes:  # the way of nearly all that is said: one step, not many small ones
                        while unsolicited:
                            yield from self._take_in(unsolicited.popleft())
                        now = self._last_word = monotonic()
                        deadline = now + limit
                        engine.awaiting = True
                        octets = engine.ask(effect, now)
                        arrived = yield octets, limit if engine.untimed else engine.next_due(deadline) - now
                        if arrived:
                            outcome = engine.answer(arrived, now if engine.untimed else monotonic())
                        else:
                            self._take(arrived, monotonic())
                        if outcome is None:
                            outcome = yield from self._until(
                                engine.next_apdu, deadline - monotonic(), "a response", limit
                            )
                    elif type(effect) is Receive and effect.patience is None:
                        now = monotonic()
                        deadline = deadline or now + limit
                        outcome = yield from self._until(engine.next_apdu, deadline - now, "a response", limit)
                    elif type(effect) is Send:
                        deadline = None
                        while unsolicited:
                            yield from self._take_in(unsolicited.popleft())
                        engine.send(effect.octets, monotonic(), answered=effect.answered)
                        if not effect.answered:  # else it leaves with the wait for the answer
                            yield from self._flush()
                    elif type(effect) is Progress:
                        if self._on_progress is not None:
                            self._on_progress(effect.done, effect.total)
                    elif type(effect) is Accept:
                        yield effect
                    elif isinstance(effect, (SetAside, PassOver)):
                        engine.expect(monotonic())
                        if isinstance(effect, SetAside):
                            self._notifications.append(effect.message)
                    else:
                        deadline = None
                        yield from self._flush()
                        outcome = yield from self._outcome(effect, limit)
                except DlmsError as error:
                    proceed, outcome = exchange.throw, error
        except (TransportError, LinkError) as error:
            if repeatable is None:
                raise
            failure = error
        return (yield from self._repeated(operation, failure, repeatable=repeatable))

    def _repeated(
        self, operation: Operation[R], failure: TransportError | LinkError | None, *, repeatable: bool
    ) -> Conversation[R]:
        """Carry out an operation that cannot be carried out at once, or ended in a failure that leaves it open whether
        it was."""
        pauses: Iterator[float] | None = None
        silences = 0
        while True:
            if failure is not None:
                silences = silences + 1 if isinstance(failure, DeadlineExceeded) else 0
                if silences != 1 or self.target.proposal.short_names:
                    self._lost = failure
                pauses = pauses or self._retries.pauses()
                pause = next(pauses, None) if repeatable else None
                if pause is None:
                    raise failure
                if self._lost is None:
                    yield from self._pause(pause)
                    self._engine.awaiting = False
                else:
                    yield from self._away(pause)
            if self._lost is not None:
                if self._retries.times == 0 or (self._adopted and self._ended):
                    raise LinkError(f"the connection was lost: {self._lost}")
                pauses = pauses or self._retries.pauses()
                yield from self._opened(pauses)
            try:
                if self._engine.awaiting:
                    yield from self._settled(self.deadlines.response)
                return (yield from self.run(operation, repeatable=None))
            except (TransportError, LinkError) as error:
                failure = error

    def notifications(self) -> tuple[Message, ...]:
        """The notifications that came in between, oldest first; handed out once. A body that is no Data stays what it
        is: octets.

        Nothing is awaited here: the counter of one that came ciphered outside of any operation is put away at once.
        """
        while self._engine.unsolicited:
            _accepting_at_once(self._take_in(self._engine.unsolicited.popleft()))
        taken = tuple(_with_typed_data(message) for message in self._notifications)
        self._notifications.clear()
        return taken

    def _take_in(self, unsolicited: bytes) -> Accepting[None]:
        try:
            self._notifications.append((yield from self.association.opened(unsolicited)))
        except DlmsError as fault:
            self._engine.faults.append(fault)

    # ---- keeping the link alive -----------------------------------------------------------------------------------

    def until_sign_of_life(self) -> float | None:
        """In how many seconds a sign of life is due, at once for 0 or less; None where none is wanted."""
        return None if self.keep_alive is None else self._last_word + self.keep_alive - time.monotonic()

    def sign_of_life(self) -> Conversation[None]:
        """Have the meter show that it is there, if that is still due; where it does not, the connection counts as
        lost."""
        if (self.until_sign_of_life() or 0.0) > 0:
            return  # somebody spoke to it meanwhile
        self._last_word = time.monotonic()
        if self._lost is not None or not self.association.is_open or self._engine.awaiting:
            return
        try:
            if self._engine.keep_alive(self._last_word):
                yield from self._until(self._engine.is_at_rest, self.deadlines.response, "a sign of life")
            else:
                name = CURRENT_NAME[self.target.proposal.short_names]
                yield from self.run(lambda of: of.get_octets(name), repeatable=None)
        except ServiceError:
            pass  # it may refuse: it is there
        except DlmsError as error:
            self._lost = error

    # ---- effects --------------------------------------------------------------------------------------------------

    def _settled(self, limit: float) -> Conversation[None]:
        """Let the answer to a request that was given up come first: a meter does one thing at a time.

        What never comes is not waited for again: invoke-ids tell whether it is the answer after all. Short names have
        none; there a late answer would be taken for another's, so the link is given up.
        """
        try:
            yield from self.run(ClientAssociation.pass_over, repeatable=None, limit=limit)
        except DeadlineExceeded:
            if self.target.proposal.short_names:
                raise LinkError("a request was not answered, and its answer could be taken for another's") from None
        except (TransportError, LinkError):
            raise
        except DlmsError as fault:
            self._engine.faults.append(fault)
        self._engine.awaiting = False

    def _outcome(self, effect: Effect, limit: float) -> Conversation[Any]:
        match effect:
            case Receive(float(patience)):
                with contextlib.suppress(DeadlineExceeded):
                    return (yield from self._until(self._engine.next_apdu, min(patience, limit), "a block"))
            case Reserve():
                return (yield effect)
            case Random(count):
                return os.urandom(count)
            case Wait(seconds):
                yield from self._pause(seconds)
        return None

    # ---- octets ---------------------------------------------------------------------------------------------------

    def _pause(self, seconds: float) -> Conversation[None]:
        """Let time pass, and the link with it."""
        with contextlib.suppress(DeadlineExceeded):
            yield from self._until(self._engine.is_disconnected, seconds, "the end of a pause")

    def _until(
        self, ready: Callable[[], R | None], timeout: float, what: str, limit: float | None = None
    ) -> Conversation[R]:
        """Carry octets both ways until `ready` has something; DeadlineExceeded after `timeout` seconds, which are what
        is left of `limit`.
        """
        engine = self._engine
        now = time.monotonic()
        deadline = now + timeout
        while True:
            octets = engine.octets_to_send()
            if octets:
                self._last_word = now
            found = ready()
            if found is not None or now >= deadline:
                if octets:
                    yield Transmit(octets)
                if found is not None:
                    return found
                raise DeadlineExceeded(f"{what} did not come within {max(limit or timeout, 0):.3g} s")
            arrived = yield octets, engine.next_due(deadline) - now
            now = time.monotonic()
            self._take(arrived, now)

    def _take(self, arrived: bytes | None, now: float) -> None:
        """What the transport brought within the time that it had."""
        if arrived is None:
            self._engine.tick(now)
        else:
            self._ended |= not arrived
            self._engine.receive(arrived, now)

    def _flush(self) -> Conversation[None]:
        octets = self._engine.octets_to_send()
        if octets:
            yield from self._transmitted(octets)

    def _transmitted(self, octets: bytes) -> Conversation[None]:
        self._last_word = time.monotonic()
        yield Transmit(octets)


def _accepting_at_once(conversation: Accepting[None]) -> None:
    """Carry out what wants nothing but that received counters are put away."""
    proceed: Callable[[Any], Accept] = conversation.send
    given: Any = None
    while True:
        try:
            demand = proceed(given)
        except StopIteration:
            return
        try:
            demand.received.accept(demand.counter)
            given, proceed = None, conversation.send
        except DlmsError as error:
            given, proceed = error, conversation.throw


def _with_typed_data(message: Message) -> Message:
    try:
        return decode(encode_with_data_octets(message))
    except DlmsError:
        return message

"""One HDLC connection between two stations (IEC 62056-46): numbers, windows, segments, repetition.

The connection itself is the table of `dlms.link.hdlc_states`. Within it the right to send (the poll/final bit) goes
back and forth: a station sends what it has, as far as the window reaches, and gives the right away with the last
frame. Who lacks a frame says so by its N(R), and all from there on is sent again, octet for octet; REJ is never sent.

Nothing here waits, reads a clock or knows a transport. `now` is any steady clock in seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from dlms.errors import ConfigurationError, DecodeError, LinkError, LinkRefused
from dlms.link.base import Connected, Disconnected, LinkEvent, Noticed, Turns, Unsolicited
from dlms.link.hdlc_settings import HdlcInForce, HdlcSettings, Segments
from dlms.link.hdlc_states import TABLE, Action, Request, State
from dlms.quirks import Quirks
from dlms_core import llc
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet
from dlms_core.hdlc_parameters import HdlcParameters
from dlms_core.hdlc_reader import Discarded, FrameReader
from dlms_core.pieces import split

MODULUS = 8


@dataclass(slots=True)
class _Outgoing:
    """An information field on its way: not acknowledged yet, or waiting for the window."""

    information: bytes
    segmented: bool
    answered: bool


class HdlcLink(Turns):
    """One connection. A client gives its own address and the meter's; a meter gives its own and learns the client's."""

    untimed = False

    def __init__(
        self,
        own: HdlcAddress,
        peer: HdlcAddress | None = None,
        settings: HdlcSettings | None = None,
        quirks: Quirks | None = None,
    ) -> None:
        self._own = own
        self._peer = peer
        self._settings = settings or HdlcSettings()
        self._quirks = quirks or Quirks()
        self._state = State.DISCONNECTED
        self._resting = State.DISCONNECTED
        self._calling = False
        self._reader = FrameReader(transparency=self._settings.transparency)
        self._last_octets = 0.0
        self._last_frame = 0.0
        self._out = bytearray()
        self.happened: list[LinkEvent] = []
        self._burst = b""
        self._burst_length = 0
        self._echoing = False  # seen where addresses cannot tell
        self._unheard = 0  # frames whose echo is to come
        self._repeats = 0
        self._deadline: float | None = None
        self._unnumbered = Segments(self._settings.longest_apdu)
        self._do: dict[Action, Callable[[Frame | None, float], None]] = {
            Action.SEND_SNRM: self._send_snrm,
            Action.SEND_DISC: lambda _, now: self._command(FrameKind.DISC, now),
            Action.SEND_UA: lambda frame, now: self._respond(frame, FrameKind.UA),
            Action.SEND_UA_WITH_PARAMETERS: self._send_ua_with_parameters,
            Action.SEND_DM: lambda frame, now: self._respond(frame, FrameKind.DM),
            Action.SEND_FRMR: lambda frame, now: self._reject(frame, now, unknown=True),
            Action.NEGOTIATE: self._negotiate,
            Action.TRANSFER: self._transfer,
            Action.DELIVER: self._deliver,
            Action.REPORT_CONNECTED: lambda _, now: self.happened.append(Connected(self._in_force)),
            Action.REPORT_DISCONNECTED: lambda _, now: self.happened.append(Disconnected()),
            Action.REPORT_REFUSED: lambda _, now: self.happened.append(
                Disconnected(LinkRefused("the station refuses to connect (DM)"))
            ),
            Action.REPORT_LOST: lambda _, now: self._lost("the station is disconnected (DM)"),
            Action.REPORT_REJECTED: lambda _, now: self._lost("the station rejected a frame (FRMR)"),
            Action.REPORT_UNANSWERED: lambda _, now: self._lost("no answer from the station"),
        }
        self._in_force = self._settings.agreed(HdlcParameters())
        self._restart()

    # ---- what is above calls these --------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the connection stands."""
        return self._state is State.CONNECTED

    @property
    def in_force(self) -> HdlcInForce:
        """The parameters agreed on, or the defaults before."""
        return self._in_force

    def connect(self, now: float) -> None:
        if self._peer is None:
            raise ConfigurationError("calling needs the address of the other station")
        self._calling = True
        clear = self._quirks.hdlc_disconnected_first
        self._step(Request.CLEAR_AND_CONNECT if clear else Request.CONNECT, None, now)

    def listen(self) -> None:
        self._resting = State.LISTENING
        self._step(Request.LISTEN, None, 0.0)

    def disconnect(self, now: float) -> None:
        if self._state in (State.DISCONNECTED, State.LISTENING):
            return
        self._calling = True
        self._step(Request.DISCONNECT, None, now)
        if self._quirks.disconnect_unanswered:
            self._state = self._resting
            self._deadline = None
            self.happened.append(Disconnected())

    def send(self, apdu: bytes, now: float, *, answered: bool = True, more: bool = False) -> None:
        """Send an APDU. `answered` says that an answer is to come, and is asked for when it is late; `more` that
        another APDU follows at once, so that both can go out in one window."""
        if self._state is not State.CONNECTED:
            raise LinkError("there is no HDLC connection")
        information = llc.add(apdu, response=not self._calling)
        pieces = split(information, self._in_force.information_transmit)
        last = len(pieces) - 1
        self._working = False
        self._waiting_octets += len(information)
        self._waiting.extend(_Outgoing(piece, i < last, answered) for i, piece in enumerate(pieces))
        if self._may_send and not more:
            self._transmit(now)

    def leave_unanswered(self, now: float) -> None:
        """What came has no answer: the other station need not wait for one."""
        self._working = False
        if self._state is State.CONNECTED and self._may_send:
            self._hand_over([self._supervisory()], now)

    def send_unsolicited(self, apdu: bytes) -> None:
        """Send an APDU in UI frames, connected or not; nobody acknowledges it."""
        if self._peer is None:
            raise ConfigurationError("an unsolicited APDU needs the address of the other station")
        pieces = split(llc.add(apdu, response=not self._calling), self._in_force.information_transmit)
        last = len(pieces) - 1
        for i, piece in enumerate(pieces):
            self._emit(Frame(self._peer, self._own, control_octet(FrameKind.UI, poll_final=i == last), piece,
                             segmented=i < last))  # fmt: skip

    def expect(self, now: float) -> None:
        self._answer_due = True
        if self._state is State.CONNECTED and self._may_send:
            self._transmit(now)

    def keep_alive(self, now: float) -> bool:
        if self._state is State.CONNECTED and self._may_send and self._calling:
            self._hand_over([self._supervisory()], now)
        return True

    @property
    def at_rest(self) -> bool:
        return self._state is not State.CONNECTED or (self._may_send and self._deadline is None)

    def receive(self, octets: bytes, now: float) -> None:
        if not octets:
            if self._state not in (State.DISCONNECTED, State.LISTENING):
                self._close(LinkError("the other end closed"))
            return
        if self._reader.pending and now - self._last_octets > self._settings.inter_octet_timeout:
            for rest in self._reader.finish():
                self._notice(rest)
        self._last_octets = now
        if self._deadline is not None and self._calling:
            self._deadline = max(self._deadline, now + self._settings.response_timeout)
        for found in self._reader.read(octets):
            if isinstance(found, Frame):
                self.receive_frame(found, now)
            else:
                self._notice(found)

    def receive_frame(self, frame: Frame, now: float) -> None:
        """Take a frame that was found elsewhere: several connections share one line."""
        if self._is_echo(frame):
            return
        if not frame.destination.matches(self._own):
            return
        if self._calling and self._peer is not None and not frame.source.matches(self._peer):
            return
        if not self._calling and self._state is State.CONNECTED and frame.source != self._peer:
            return  # another client: this connection is not its
        self._last_frame = now
        self._step(frame.kind, frame, now)

    def _is_echo(self, frame: Frame) -> bool:
        """Our own octets, sent back by the optical head or the bus.

        The addresses tell, unless both stations have the same one (client 1 and logical device 1). Then a line that
        sends back a caller's SNRM, which no answer can be, sends back all that follows, each frame before its answer.
        """
        if self._peer is None or frame.source != self._own or frame.destination != self._peer:
            return False
        if self._own != self._peer:
            return True
        self._echoing |= self._calling and frame.kind is FrameKind.SNRM
        if not self._echoing or not self._unheard:
            return False
        self._unheard -= 1
        return True

    def tick(self, now: float) -> None:
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self._expire(now)
        elif self._inactive_at is not None and now >= self._inactive_at:
            self._close(LinkError(f"no frame for {self._settings.inactivity_timeout} s"))

    def next_timer(self) -> float | None:
        inactive = self._inactive_at
        if self._deadline is None or inactive is None:
            return self._deadline if inactive is None else inactive
        return min(self._deadline, inactive)

    def octets_to_send(self) -> bytes:
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def events(self) -> list[LinkEvent]:
        events, self.happened = self.happened, []
        return events

    # ---- the table ------------------------------------------------------------------------------------------------

    def _step(self, what: FrameKind | Request, frame: Frame | None, now: float) -> None:
        row = TABLE.get((self._state, what))
        if row is None:
            return
        before = self._state
        state, actions = row
        self._state = self._resting if state is State.RESTING else state
        if self._state is not before:
            self._deadline = None
            self._repeats = 0
        for action in actions:
            self._do[action](frame, now)

    def _expire(self, now: float) -> None:
        """The timer of the state we are in."""
        if self._state is State.CONNECTED and self._may_send:
            # A caller asks again, a called station says that it is still at work.
            self._hand_over([self._supervisory()], now)
        elif self._repeats >= self._settings.repetitions:
            self._step(Request.GIVE_UP, None, now)
        else:
            self._repeats += 1
            self._unheard = self._burst_length
            self._out += self._burst
            self._deadline = now + self._settings.response_timeout

    @property
    def _inactive_at(self) -> float | None:
        if self._calling or self._state is not State.CONNECTED:
            return None
        return self._last_frame + self._settings.inactivity_timeout

    def _close(self, error: LinkError) -> None:
        self._state = self._resting
        self._deadline = None
        self.happened.append(Disconnected(error))

    def _lost(self, reason: str) -> None:
        self.happened.append(Disconnected(LinkError(reason)))

    # ---- setting up and taking down -------------------------------------------------------------------------------

    def _restart(self) -> None:
        """All numbers at 0; whatever was under way is gone."""
        self._send_number = 0  # N(S) of the next frame
        self._receive_number = 0  # N(S) expected next, and our N(R)
        self._waiting: deque[_Outgoing] = deque()
        self._waiting_octets = 0  # of the information that waits
        self._sent: deque[_Outgoing] = deque()  # not acknowledged; the last one has N(S) = send number - 1
        self._segments = Segments(self._settings.longest_apdu)
        self._unacknowledged = 0  # I frames taken since we last said so
        self._may_send = self._calling
        self._peer_busy = False
        self._acknowledgement_due = False
        self._answer_due = False
        self._working = False  # an APDU was delivered and its answer is being made

    def _send_snrm(self, _: Frame | None, now: float) -> None:
        offered = self._settings.offered(always=self._quirks.hdlc_parameters_always_sent)
        self._command(FrameKind.SNRM, now, offered.encode())

    def _send_ua_with_parameters(self, frame: Frame | None, now: float) -> None:
        self._respond(frame, FrameKind.UA, self._in_force.stated().encode())

    def _negotiate(self, frame: Frame | None, now: float) -> None:
        assert frame is not None  # noqa: S101  # only frames lead here
        try:
            peer = HdlcParameters.decode(frame.information)
        except DecodeError as fault:  # some meters send garbage: the defaults are what everybody can
            self.happened.append(Noticed(fault))
            peer = HdlcParameters()
        self._in_force = self._settings.agreed(peer)
        if not self._calling:
            self._own, self._peer = frame.destination, frame.source
        self._restart()

    def _command(self, kind: FrameKind, now: float, information: bytes = b"") -> None:
        """An unnumbered command that wants an answer."""
        if self._peer is None:
            return
        frame = Frame(self._peer, self._own, control_octet(kind, poll_final=True), information)
        self._hand_over([frame], now)

    def _respond(self, frame: Frame | None, kind: FrameKind, information: bytes = b"") -> None:
        """An unnumbered response to whoever sent `frame`, from the address that was called."""
        assert frame is not None  # noqa: S101  # only frames lead here
        if frame.poll_final:
            self._emit(Frame(frame.source, frame.destination, control_octet(kind, poll_final=True), information))

    def _deliver(self, frame: Frame | None, now: float) -> None:
        assert frame is not None  # noqa: S101  # only frames lead here
        try:
            whole = self._unnumbered.add(frame)
        except LinkError as fault:
            self.happened.append(Noticed(fault))
            return
        if whole is not None:
            self.happened.append(Unsolicited(llc.remove(whole)))

    # ---- transfer of information ----------------------------------------------------------------------------------

    def _transfer(self, frame: Frame | None, now: float) -> None:
        assert frame is not None  # noqa: S101  # only frames lead here
        if not self._acknowledged(frame):
            self._reject(frame, now, number=True)
            return
        kind = frame.kind
        if kind is FrameKind.I:
            if not self._calling and len(frame.information) > self._in_force.information_receive:
                self._reject(frame, now, too_long=True)
                return
            if not self._take_information(frame):
                return
        else:
            self._peer_busy = kind is FrameKind.RNR
        if frame.poll_final or self._final_all_the_same(kind):
            self._deadline = None
            self._may_send = True
            self._transmit(now)

    def _final_all_the_same(self, kind: FrameKind) -> bool:
        return self._quirks.hdlc_final_bit_missing and kind is FrameKind.I and self._in_force.window_receive == 1

    def _acknowledged(self, frame: Frame) -> bool:
        """Let go of what the frame's N(R) acknowledges; False for a number that acknowledges what was never sent."""
        number = frame.receive_sequence
        assert number is not None  # noqa: S101  # I and S frames have one
        if self._quirks.hdlc_receive_numbers_ignored:
            confirmed = len(self._sent)
        else:
            oldest = (self._send_number - len(self._sent)) % MODULUS
            confirmed = (number - oldest) % MODULUS
            if confirmed > len(self._sent):
                return False
        for _ in range(confirmed):
            self._answer_due = self._sent.popleft().answered
            self._repeats = 0
        return True

    def _take_information(self, frame: Frame) -> bool:
        """Take the next I frame; False for one that is to be passed over with its poll/final bit.

        Of a caller that sends more than any window holds, or that asks on while a long answer waits for it to take the
        rest, none is taken.
        """
        number = frame.send_sequence
        assert number is not None  # noqa: S101  # I frames have one
        self._acknowledgement_due = True
        too_many = self._unacknowledged == MODULUS - 1 or self._waiting_octets > self._settings.longest_apdu
        if too_many and not self._calling:
            self.happened.append(Noticed(LinkError("the station sends more before it has taken what it asked for")))
            return True
        if number != self._receive_number:
            reason = f"expected I frame {self._receive_number}, got {number}"
            self.happened.append(Noticed(LinkError(reason)))
            # A caller that is told the same twice must not take it for an answer to what it has asked since. A
            # called station has to say its last word again.
            return not self._calling or (self._receive_number - number) % MODULUS > self._in_force.window_receive
        self._receive_number = (self._receive_number + 1) % MODULUS
        self._unacknowledged += 1
        self._repeats = 0
        self._peer_busy = False
        try:
            whole = self._segments.add(frame)
        except LinkError as error:
            self._close(error)
            return False
        if whole is not None:
            self._answer_due = False
            self._working = not self._calling
            self.happened.append(llc.remove(whole))
        return True

    def _transmit(self, now: float) -> None:
        """We have the right to send: use it, or keep it for a while."""
        repeating = bool(self._sent)
        if not self._peer_busy:
            while self._waiting and len(self._sent) < self._in_force.window_transmit:
                self._sent.append(self._waiting.popleft())
                self._waiting_octets -= len(self._sent[-1].information)
                self._send_number = (self._send_number + 1) % MODULUS
        if self._sent and not self._peer_busy:
            first = (self._send_number - len(self._sent)) % MODULUS
            last = len(self._sent) - 1
            frames = [self._numbered(first + i, out, i == last) for i, out in enumerate(self._sent)]
            self._ask_or_give_up(frames, now, again=repeating)
        elif self._calling:
            unfinished = bool(self._segments)
            if self._acknowledgement_due and (unfinished or self._answer_due):
                self._ask_or_give_up([self._supervisory()], now, again=not unfinished)
            elif unfinished or self._answer_due or self._peer_busy:
                self._deadline = now + self._settings.poll_interval
        elif self._working:
            self._deadline = now + self._settings.acknowledge_after
        else:
            self._hand_over([self._supervisory()], now)

    def _ask_or_give_up(self, frames: list[Frame], now: float, *, again: bool) -> None:
        """Send frames; `again`, where the other station had its say and did not take them, only so many times."""
        if again and self._repeats >= self._settings.repetitions:
            self._step(Request.GIVE_UP, None, now)
            return
        self._repeats += again
        self._hand_over(frames, now)

    def _numbered(self, number: int, out: _Outgoing, last: bool) -> Frame:
        assert self._peer is not None  # noqa: S101  # connected
        control = control_octet(FrameKind.I, poll_final=last, send_sequence=number % MODULUS,
                                receive_sequence=self._receive_number)  # fmt: skip
        return Frame(self._peer, self._own, control, out.information, segmented=out.segmented)

    def _supervisory(self) -> Frame:
        assert self._peer is not None  # noqa: S101  # connected
        control = control_octet(FrameKind.RR, poll_final=True, receive_sequence=self._receive_number)
        return Frame(self._peer, self._own, control)

    def _hand_over(self, frames: list[Frame], now: float) -> None:
        """Send frames, the last of which gives the right to send away."""
        self._burst_length = self._unheard = len(frames)
        self._burst = b"".join(frame.encode(transparency=self._settings.transparency) for frame in frames)
        self._out += self._burst
        self._may_send = False
        self._acknowledgement_due = False
        self._unacknowledged = 0
        self._deadline = now + self._settings.response_timeout if self._calling else None

    def _reject(
        self, frame: Frame | None, now: float, *, unknown: bool = False, too_long: bool = False, number: bool = False
    ) -> None:
        """The other station broke the rules: a called one says so (FRMR), a caller can only give up."""
        assert frame is not None  # noqa: S101  # only frames lead here
        reason = "an unknown control field" if unknown else "too long a frame" if too_long else "an impossible N(R)"
        if self._calling:
            if unknown:
                self.happened.append(Noticed(LinkError(f"the station sent {reason}")))
            else:
                self._close(LinkError(f"the station sent {reason}"))
            return
        numbers = self._send_number << 1 | self._receive_number << 5
        reasons = 0x01 * unknown | 0x04 * too_long | 0x08 * number
        self._respond(frame, FrameKind.FRMR, bytes((frame.control, numbers, reasons)))
        self.happened.append(Noticed(LinkError(f"the station sent {reason}")))

    # ---- small things ---------------------------------------------------------------------------------------------

    def _emit(self, frame: Frame) -> None:
        self._out += frame.encode(transparency=self._settings.transparency)

    def _notice(self, found: Frame | Discarded) -> None:
        self.happened.append(Noticed(LinkError(str(found))))

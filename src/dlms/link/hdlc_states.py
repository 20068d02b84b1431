"""The connection of an HDLC link as a table: a state and what comes in, the next state and what to do.

The table knows no role. A client is who calls CONNECT, a meter who calls LISTEN; from there on both follow the same
rows. What I and S frames do within CONNECTED (numbers, windows, segments) is the business of `dlms.link.hdlc`.
"""

from __future__ import annotations

from enum import Enum, auto

from dlms_core.hdlc import FrameKind


class State(Enum):
    DISCONNECTED = auto()
    LISTENING = auto()
    """Disconnected too, but whoever calls is answered."""
    CLEARING = auto()
    """DISC is sent, whether a connection stands or not, and SNRM follows its answer."""
    CONNECTING = auto()
    """SNRM is sent, UA awaited."""
    CONNECTED = auto()
    DISCONNECTING = auto()
    """DISC is sent, UA awaited."""
    RESTING = auto()
    """In the table only: LISTENING for who has listened before, else DISCONNECTED."""


class Request(Enum):
    """What comes in from above, or from the clock."""

    CONNECT = auto()
    CLEAR_AND_CONNECT = auto()
    LISTEN = auto()
    DISCONNECT = auto()
    GIVE_UP = auto()
    """The last repetition was not answered."""


class Action(Enum):
    SEND_SNRM = auto()
    SEND_DISC = auto()
    SEND_UA = auto()
    SEND_UA_WITH_PARAMETERS = auto()
    SEND_DM = auto()
    SEND_FRMR = auto()
    NEGOTIATE = auto()
    """Take the parameters of the received frame together with ours, and start all numbers at 0."""
    TRANSFER = auto()
    """Give the frame to the transfer of information."""
    DELIVER = auto()
    """Give the content of a UI frame to whoever is above."""
    REPORT_CONNECTED = auto()
    REPORT_DISCONNECTED = auto()
    """As wished."""
    REPORT_REFUSED = auto()
    REPORT_LOST = auto()
    REPORT_REJECTED = auto()
    """The peer sent FRMR."""
    REPORT_UNANSWERED = auto()


Row = tuple[State, tuple[Action, ...]]
K, R, S, A = FrameKind, Request, State, Action

TABLE: dict[tuple[State, FrameKind | Request], Row] = {
    (S.DISCONNECTED, R.CONNECT): (S.CONNECTING, (A.SEND_SNRM,)),
    (S.DISCONNECTED, R.CLEAR_AND_CONNECT): (S.CLEARING, (A.SEND_DISC,)),
    (S.DISCONNECTED, R.LISTEN): (S.LISTENING, ()),
    (S.DISCONNECTED, R.DISCONNECT): (S.DISCONNECTING, (A.SEND_DISC,)),
    (S.DISCONNECTED, K.UI): (S.DISCONNECTED, (A.DELIVER,)),
    (S.LISTENING, R.LISTEN): (S.LISTENING, ()),
    (S.LISTENING, K.SNRM): (S.CONNECTED, (A.NEGOTIATE, A.SEND_UA_WITH_PARAMETERS, A.REPORT_CONNECTED)),
    (S.LISTENING, K.DISC): (S.LISTENING, (A.SEND_DM,)),
    (S.LISTENING, K.I): (S.LISTENING, (A.SEND_DM,)),
    (S.LISTENING, K.RR): (S.LISTENING, (A.SEND_DM,)),
    (S.LISTENING, K.RNR): (S.LISTENING, (A.SEND_DM,)),
    (S.LISTENING, K.REJ): (S.LISTENING, (A.SEND_DM,)),
    (S.LISTENING, K.UI): (S.LISTENING, (A.DELIVER,)),
    (S.CLEARING, K.UA): (S.CONNECTING, (A.SEND_SNRM,)),
    (S.CLEARING, K.DM): (S.CONNECTING, (A.SEND_SNRM,)),
    (S.CLEARING, K.UI): (S.CLEARING, (A.DELIVER,)),
    (S.CLEARING, R.DISCONNECT): (S.DISCONNECTING, (A.SEND_DISC,)),
    (S.CLEARING, R.GIVE_UP): (S.CONNECTING, (A.SEND_SNRM,)),
    (S.CONNECTING, K.UA): (S.CONNECTED, (A.NEGOTIATE, A.REPORT_CONNECTED)),
    (S.CONNECTING, K.DM): (S.RESTING, (A.REPORT_REFUSED,)),
    (S.CONNECTING, K.UI): (S.CONNECTING, (A.DELIVER,)),
    (S.CONNECTING, R.DISCONNECT): (S.DISCONNECTING, (A.SEND_DISC,)),
    (S.CONNECTING, R.GIVE_UP): (S.RESTING, (A.REPORT_UNANSWERED,)),
    (S.CONNECTED, K.I): (S.CONNECTED, (A.TRANSFER,)),
    (S.CONNECTED, K.RR): (S.CONNECTED, (A.TRANSFER,)),
    (S.CONNECTED, K.RNR): (S.CONNECTED, (A.TRANSFER,)),
    (S.CONNECTED, K.REJ): (S.CONNECTED, (A.TRANSFER,)),
    (S.CONNECTED, K.UI): (S.CONNECTED, (A.DELIVER,)),
    (S.CONNECTED, K.SNRM): (S.CONNECTED, (A.NEGOTIATE, A.SEND_UA_WITH_PARAMETERS, A.REPORT_CONNECTED)),
    (S.CONNECTED, K.DISC): (S.RESTING, (A.SEND_UA, A.REPORT_DISCONNECTED)),
    (S.CONNECTED, K.DM): (S.RESTING, (A.REPORT_LOST,)),
    (S.CONNECTED, K.FRMR): (S.RESTING, (A.REPORT_REJECTED,)),
    (S.CONNECTED, K.UNKNOWN): (S.CONNECTED, (A.SEND_FRMR,)),
    (S.CONNECTED, R.DISCONNECT): (S.DISCONNECTING, (A.SEND_DISC,)),
    (S.CONNECTED, R.GIVE_UP): (S.RESTING, (A.REPORT_UNANSWERED,)),
    (S.DISCONNECTING, K.UA): (S.RESTING, (A.REPORT_DISCONNECTED,)),
    (S.DISCONNECTING, K.DM): (S.RESTING, (A.REPORT_DISCONNECTED,)),
    (S.DISCONNECTING, R.GIVE_UP): (S.RESTING, (A.REPORT_DISCONNECTED,)),
}
"""Whatever has no row is passed over: late answers, frames of a peer that has not noticed, echoes of nobody's."""

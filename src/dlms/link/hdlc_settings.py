"""What an HDLC station offers, what two stations agree on and how they state it, and the joining of segments."""

from __future__ import annotations

from dataclasses import dataclass

from dlms.errors import ConfigurationError, LinkError
from dlms_core.hdlc import Frame
from dlms_core.hdlc_parameters import HdlcParameters

DEFAULT_INFORMATION = 128
LONGEST_INFORMATION = 2030
LEAST_INFORMATION = 8  # octets: whoever states less is sent so many all the same


@dataclass(frozen=True, slots=True)
class HdlcInForce:
    """The parameters that both stations agreed on, as this one sees them."""

    information_transmit: int = DEFAULT_INFORMATION
    information_receive: int = DEFAULT_INFORMATION
    window_transmit: int = 1
    window_receive: int = 1

    def stated(self) -> HdlcParameters:
        """As a station states them that accepts a connection (UA)."""
        return HdlcParameters(
            max_info_field_length_transmit=self.information_transmit,
            max_info_field_length_receive=self.information_receive,
            window_size_transmit=self.window_transmit,
            window_size_receive=self.window_receive,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HdlcSettings:
    """What a station offers and how patient it is; lengths in octets, times in seconds.

    `response_timeout`: how long the other station may be silent once it has the right to send; then all is sent again,
    `repetitions` times. `poll_interval`: how long to wait before asking again a station that has no answer yet, or is
    busy. `acknowledge_after`: how long a station that was asked works on its answer before it says "not yet".
    `inactivity_timeout`: after so long without a frame a station that was called takes the connection for lost.
    `inter_octet_timeout`: a frame that stops arriving for so long is given up.
    """

    information_transmit: int = LONGEST_INFORMATION
    information_receive: int = LONGEST_INFORMATION
    window_transmit: int = 1
    window_receive: int = 1
    response_timeout: float = 5.0
    repetitions: int = 3
    poll_interval: float = 0.2
    acknowledge_after: float = 1.5
    inactivity_timeout: float = 120.0
    inter_octet_timeout: float = 1.0
    longest_apdu: int = 1 << 20
    transparency: bool = False

    def __post_init__(self) -> None:
        for name in ("information_transmit", "information_receive"):
            if not 32 <= getattr(self, name) <= LONGEST_INFORMATION:
                raise ConfigurationError(f"{name} is 32 to {LONGEST_INFORMATION} octets, not {getattr(self, name)}")
        for name in ("window_transmit", "window_receive"):
            if not 1 <= getattr(self, name) <= 7:
                raise ConfigurationError(f"{name} is 1 to 7 frames, not {getattr(self, name)}")

    def offered(self, *, always: bool) -> HdlcParameters:
        """What a station states that calls (SNRM): what differs from the defaults, or `always` everything."""
        defaults = HdlcInForce()

        def stated(value: int, default: int) -> int | None:
            return value if always or value != default else None

        return HdlcParameters(
            max_info_field_length_transmit=stated(self.information_transmit, defaults.information_transmit),
            max_info_field_length_receive=stated(self.information_receive, defaults.information_receive),
            window_size_transmit=stated(self.window_transmit, defaults.window_transmit),
            window_size_receive=stated(self.window_receive, defaults.window_receive),
        )

    def agreed(self, peer: HdlcParameters) -> HdlcInForce:
        """What is in force once the other station has stated `peer`: what it says that it transmits bounds what this
        one receives, and the other way round. What it leaves out is the default."""

        def lesser(ours: int, theirs: int | None, default: int, least: int) -> int:
            return max(least, min(ours, default if theirs is None else theirs))

        return HdlcInForce(
            lesser(
                self.information_transmit, peer.max_info_field_length_receive, DEFAULT_INFORMATION, LEAST_INFORMATION
            ),
            lesser(
                self.information_receive, peer.max_info_field_length_transmit, DEFAULT_INFORMATION, LEAST_INFORMATION
            ),
            lesser(self.window_transmit, peer.window_size_receive, 1, 1),
            lesser(self.window_receive, peer.window_size_transmit, 1, 1),
        )


class Segments:
    """The segments of one APDU so far, `limit` octets at the most."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._octets = bytearray()
        self._begun = False  # a segment may be empty, and a list of such would grow without a limit

    def add(self, frame: Frame) -> bytes | None:
        """The whole, once `frame` is its last segment; LinkError, and nothing is kept, beyond the limit."""
        self._octets += frame.information
        self._begun = True
        if len(self._octets) <= self._limit and frame.segmented:
            return None
        whole = bytes(self._octets)
        self._octets.clear()
        self._begun = False
        if len(whole) > self._limit:
            raise LinkError(f"the segments of an APDU grow beyond {self._limit} octets")
        return whole

    def __bool__(self) -> bool:
        return self._begun

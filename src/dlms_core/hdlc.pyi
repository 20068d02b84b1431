from enum import StrEnum
from typing import Final

from typing_extensions import Buffer, disjoint_base

CLAUSE: Final[str]
POLL_FINAL: Final[int]
SUPERVISORY: Final[dict[FrameKind, int]]
UNNUMBERED: Final[dict[FrameKind, int]]
NUMBERED: Final[frozenset[FrameKind]]
KINDS: Final[tuple[FrameKind, ...]]

@disjoint_base
class HdlcAddress:
    def __init__(self, upper: int, lower: int | None = None, *, size: int | None = None) -> None: ...
    @property
    def upper(self) -> int: ...
    @property
    def lower(self) -> int | None: ...
    @property
    def size(self) -> int: ...
    @staticmethod
    def decode(octets: Buffer) -> HdlcAddress: ...
    def encode(self) -> bytes: ...
    def matches(self, other: HdlcAddress) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

class FrameKind(StrEnum):
    I = "I"
    RR = "RR"
    RNR = "RNR"
    REJ = "REJ"
    SNRM = "SNRM"
    DISC = "DISC"
    UA = "UA"
    DM = "DM"
    FRMR = "FRMR"
    UI = "UI"
    UNKNOWN = "unknown"

def control_octet(
    kind: FrameKind | str,
    *,
    poll_final: bool = False,
    send_sequence: int | None = None,
    receive_sequence: int | None = None,
) -> int: ...

@disjoint_base
class Frame:
    def __init__(
        self,
        destination: HdlcAddress,
        source: HdlcAddress,
        control: int,
        information: bytes = b"",
        *,
        segmented: bool = False,
    ) -> None: ...
    @property
    def destination(self) -> HdlcAddress: ...
    @property
    def source(self) -> HdlcAddress: ...
    @property
    def control(self) -> int: ...
    @property
    def kind(self) -> FrameKind: ...
    @property
    def poll_final(self) -> bool: ...
    @property
    def send_sequence(self) -> int | None: ...
    @property
    def receive_sequence(self) -> int | None: ...
    @property
    def segmented(self) -> bool: ...
    @property
    def information(self) -> bytes: ...
    @property
    def offset(self) -> int: ...
    @staticmethod
    def decode(octets: Buffer, *, transparency: bool = False) -> Frame: ...
    def encode(self, *, transparency: bool = False) -> bytes: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

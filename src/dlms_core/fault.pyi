from typing import Final

class DlmsError(Exception): ...

class DecodeError(DlmsError):
    reason: str
    layer: str
    path: str
    offset: int
    expected: str | None
    clause: str | None
    octets: bytes | None
    def __init__(
        self,
        reason: str,
        *,
        layer: str,
        offset: int,
        path: str = "",
        expected: str | None = None,
        clause: str | None = None,
    ) -> None: ...

class EncodeError(DlmsError, ValueError):
    reason: str
    path: str
    def __init__(self, reason: str, *, path: str = "") -> None: ...

TAG_NAMES: Final[dict[int, str]]

from collections.abc import Iterable, Mapping
from typing import Any, Final, final

from dlms_core.fault import DecodeError

KINDS: Final[dict[str, int]]
PRESENCES: Final[dict[str, int]]
DEEPEST: Final[int]

@final
class Program:
    layer: str
    def __init__(
        self,
        ops: Iterable[Mapping[str, Any]],
        *,
        layer: str,
        messages: Mapping[type[Any], tuple[bytes, int, str]] = ...,
    ) -> None: ...
    def decode(self, octets: bytes | bytearray | memoryview, /) -> Any: ...
    def decode_first(self, octets: bytes | bytearray | memoryview, /) -> tuple[Any, int]: ...
    def decode_front(self, octets: bytes | bytearray | memoryview, /) -> tuple[Any, DecodeError | None]: ...
    def encode(self, value: Any, /) -> bytes: ...

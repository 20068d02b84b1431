from collections.abc import Callable
from typing import Final

from typing_extensions import disjoint_base

TAG_LENGTH: Final[int]
TITLE_LENGTH: Final[int]

@disjoint_base
class Sealing:
    control: Final[int]
    def __init__(
        self,
        encrypt: Callable[[bytes, bytes, bytes | None], bytes],
        system_title: bytes,
        control: int,
        associated: bytes,
    ) -> None: ...
    def apdu(self, tag: int, plain: bytes, invocation_counter: int) -> bytes: ...
    def opened(self, octets: bytes, tags: bytes) -> tuple[int, bytes] | None: ...
    def protect(self, plain: bytes, invocation_counter: int, header: bytes = b"") -> tuple[bytes, bytes]: ...
    def unprotect(self, content: bytes, tag: bytes, invocation_counter: int, header: bytes = b"") -> bytes | None: ...

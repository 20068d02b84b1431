from typing import Final

from typing_extensions import Buffer

COMMAND: Final[bytes]
RESPONSE: Final[bytes]

def headers(octets: Buffer) -> int: ...
def remove(octets: Buffer) -> bytes: ...
def add(apdu: Buffer, *, response: bool) -> bytes: ...

from typing import Final

from typing_extensions import Buffer

IMPLEMENTATIONS: Final[tuple[str, ...]]
IMPLEMENTATION: Final[str]

def fcs16(octets: Buffer) -> int: ...
def fcs16_by(implementation: str, octets: Buffer) -> int: ...

from collections.abc import Collection
from typing import Literal, TypeAlias

from dlms_core.columns import Columns

_Octets: TypeAlias = bytes | bytearray | memoryview

def join(description: _Octets, contents: _Octets) -> bytes: ...
def split(octets: _Octets) -> tuple[bytes, bytes]: ...
def unpack(
    description: _Octets,
    contents: _Octets,
    *,
    clocks: Collection[int] | None = None,
    capture_step: int = 0,
    nulls: Literal["repeat", "missing"] = "repeat",
    deviation_sign: Literal["standard", "reversed"] = "standard",
    daylight_saving_apart: bool = False,
    masks: bool = True,
    companions: bool = False,
) -> Columns: ...

from typing import Final

from typing_extensions import Buffer, disjoint_base

from dlms_core.fault import DecodeError
from dlms_core.stream import StreamReader

SEGMENT_MAXIMUM: Final = 245
SEGMENTS_MAXIMUM: Final = 16

@disjoint_base
class MbusFrame:
    @property
    def control(self) -> int: ...
    @property
    def address(self) -> int: ...
    @property
    def control_information(self) -> int: ...
    @property
    def source(self) -> int | None: ...
    @property
    def destination(self) -> int | None: ...
    @property
    def data(self) -> bytes: ...
    @property
    def offset(self) -> int: ...
    @property
    def fault(self) -> DecodeError | None: ...
    @property
    def segment(self) -> int | None: ...
    @property
    def final(self) -> bool: ...

class MbusReader(StreamReader):
    def read(self, octets: Buffer) -> list[MbusFrame | DecodeError]: ...
    def finish(self) -> list[MbusFrame | DecodeError]: ...

def build_frame(data: Buffer, *, control: int = 0x53, address: int = 0xFF, control_information: int) -> bytes: ...
def build(
    apdu: Buffer,
    *,
    source: int = 0x01,
    destination: int = 0x67,
    control: int = 0x53,
    address: int = 0xFF,
    segment_length: int = 245,
) -> list[bytes]: ...

"""Invariant: any octets, in any two portions, give the same frames and DecodeErrors, in the order of the stream."""

from dlms_core.fault import DecodeError
from dlms_core.mbus import MbusReader


def check(octets: bytes) -> None:
    whole = described(MbusReader(), [octets])
    middle = octets[0] % len(octets) if octets else 0
    assert described(MbusReader(), [octets[:middle], octets[middle:]]) == whole


def described(reader: MbusReader, portions: list[bytes]) -> list[str]:
    events = [event for portion in portions for event in reader.read(portion)] + reader.finish()
    offsets = [event.offset for event in events]
    assert offsets == sorted(offsets)
    assert reader.pending == 0
    return [str(event) if isinstance(event, DecodeError) else f"{event!r} {event.fault}" for event in events]

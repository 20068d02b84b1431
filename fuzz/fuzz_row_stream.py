"""Invariant: a buffer of rows in pieces gives the columns of the whole, or a fault as well."""

from dlms_core.columns import RowStream, unpack
from dlms_core.fault import DecodeError


def outcome(pieces: list[bytes]) -> object:
    stream = RowStream(capture_step=900_000)
    try:
        for piece in pieces:
            stream.feed(piece)
        found = stream.finish()
    except DecodeError:
        return None
    return found.rows, [array.tobytes() for array in found.masks or ()]


def check(octets: bytes) -> None:
    try:
        found = unpack(octets, capture_step=900_000)
    except DecodeError:
        whole: object = None
    else:
        whole = found.rows, [array.tobytes() for array in found.masks or ()]
    size = octets[-1] % 13 + 1 if octets else 1
    assert outcome([octets[at : at + size] for at in range(0, len(octets), size)]) == whole

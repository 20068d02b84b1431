"""Invariant: any octets give columns of at most 8 times their size plus 1024, and their plan fills them again."""

from dlms_core.columns import unpack
from dlms_core.fault import DecodeError


def check(octets: bytes) -> None:
    try:
        found = unpack(octets, capture_step=900_000)
    except DecodeError:
        return
    assert sum(array.nbytes for array in found.values) <= 8 * len(octets) + 1024
    again = found.plan.empty(found.rows)
    assert found.plan.unpack(octets, again) == found.rows
    for one, other in zip(found.masks or (), again.masks or (), strict=True):
        assert one.tobytes() == other.tobytes()

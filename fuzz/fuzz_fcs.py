"""Every kernel gives the same check sequence; octets with theirs behind them leave the constant register."""

from dlms_core.fcs import IMPLEMENTATIONS, fcs16, fcs16_by


def check(octets: bytes) -> None:
    check_sequence = fcs16(octets)
    assert all(fcs16_by(implementation, octets) == check_sequence for implementation in IMPLEMENTATIONS)
    assert fcs16(octets + check_sequence.to_bytes(2, "little")) == 0x0F47

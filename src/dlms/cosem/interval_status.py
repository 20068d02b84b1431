"""The status of a capture interval: one octet, or whatever a companion specification makes of it, as flags."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlms.enumerations import BitTable
from dlms.errors import ConfigurationError

__all__ = ["IntervalStatus", "flag_columns"]


class IntervalStatus(BitTable):
    """The status octet that IDIS meters (and many more) capture with each row of a load profile.

    Other companions have their own: declare an `enum.IntFlag` of the same kind and hand it to `Profile.flags`.
    """

    ERR = 0x01
    """Critical error."""
    CIV = 0x02
    """Clock invalid."""
    DNV = 0x04
    """Data not valid."""
    DST = 0x08
    """Daylight saving."""
    CAD = 0x20
    """Clock adjusted."""
    PDN = 0x80
    """Power down."""


def flag_columns(values: NDArray[Any], flags: type[enum.Flag] = IntervalStatus) -> dict[str, NDArray[np.bool_]]:
    """Name of the flag -> True for the rows that have it set; a column that is not of integers is an error."""
    if values.dtype.kind not in "iu":
        raise ConfigurationError(f"flags are read from a column of integers, not of {values.dtype}")
    bits = values.astype(np.uint64) if values.dtype.kind == "u" else values.astype(np.int64)
    return {name: (bits & bits.dtype.type(flag.value)) != 0 for name, flag in flags.__members__.items()}

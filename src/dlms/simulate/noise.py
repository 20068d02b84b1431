"""Random numbers that are a function: of a seed and an index, and of nothing that came before."""

from __future__ import annotations

import hashlib
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Seconds: TypeAlias = npt.NDArray[np.int64]
"""Points in time, in seconds since 1970 (UTC)."""
Reals: TypeAlias = npt.NDArray[np.float64]

# The multipliers of SplitMix64, which spreads consecutive numbers over all 64 bits.
STEP: Final = np.uint64(0x9E3779B97F4A7C15)
FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
SECOND: Final = np.uint64(0x94D049BB133111EB)


def seed_of(*parts: object) -> int:
    """One 64-bit seed from several parts; the same in every process."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def noise(seed: int, index: npt.NDArray[np.int64]) -> Reals:
    """A number in [0, 1) for each index."""
    mixed = (index.astype(np.uint64) + np.array(seed, np.uint64)) * STEP
    mixed = (mixed ^ (mixed >> np.uint64(30))) * FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * SECOND
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53

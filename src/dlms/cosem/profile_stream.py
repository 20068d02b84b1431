"""A profile's buffer that comes in pieces, such as the blocks of a GET: columns as it comes, never joined."""

from __future__ import annotations

from dlms.cosem.profile import Octets, Profile, profile_of
from dlms.cosem.profile_plan import Rules
from dlms_core import columns as core

__all__ = ["ProfileStream"]


class ProfileStream:
    """Rows of a buffer that is cut anywhere; `rules` say how its octets are meant."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._rows = core.RowStream(
            clocks=rules.clocks,
            capture_step=rules.capture_step,
            nulls=rules.nulls,
            deviation_sign=rules.deviation_sign,
            companions=True,  # read with the rows: their octets need not be kept for it
        )

    @property
    def rows(self) -> int:
        """How many whole rows there are so far."""
        return self._rows.rows

    @property
    def expected_rows(self) -> int | None:
        """How many rows the buffer says that it has; None where it has not said so yet."""
        return self._rows.expected_rows

    @property
    def octets(self) -> bytes:
        """All octets so far: a copy of them."""
        return self._rows.octets

    def feed(self, octets: Octets) -> int:
        """The next octets; the number of whole rows so far. DecodeError when they cannot be rows."""
        return self._rows.feed(octets)

    def finish(self) -> Profile:
        """The profile of all rows; DecodeError where octets are missing, broken or too many."""
        return self._profile(self._rows.finish())

    def front(self) -> Profile:
        """The profile of the whole rows so far, of an array; DecodeError where there are none."""
        return self._profile(self._rows.front())

    def _profile(self, filled: core.Columns) -> Profile:
        return profile_of(filled, self._rules, b"")

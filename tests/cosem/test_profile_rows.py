"""Some rows and columns of a profile, and several profiles as one."""

from __future__ import annotations

import numpy as np
import pytest

from dlms.cosem.profile import Profile, unpack_profile
from dlms.data import Array, Data, DoubleLongUnsigned, Integer, Long64Unsigned, OctetString, Structure, dumps
from dlms.datetime import CosemDateTime
from dlms.errors import ConfigurationError

CAPTURES = [(8, "0.0.1.0.0.255", 2, 0), (3, "1.0.1.8.0.255", 2, 0)]
CLOCK, ENERGY = "0-0:1.0.0*255:2", "1-0:1.8.0*255:2"


def profile(rows: range, kind: type[Data] = DoubleLongUnsigned, deviation: int | None = -60) -> Profile:
    elements = []
    for row in rows:
        moment = CosemDateTime(
            year=2024, month=1, day=1 + row // 24, hour=row % 24, minute=0, second=0, deviation=deviation, status=row
        )
        elements.append(Structure([OctetString(moment.octets), kind(row)]))  # type: ignore[call-arg]
    return unpack_profile(dumps(Array(elements)), CAPTURES, scaler_units=[None, (-1, 30)], capture_period=3600)


def test_rows_are_taken_by_slice_flags_and_numbers() -> None:
    whole = profile(range(10))
    flags = np.arange(10) % 2 == 0
    for taken, expected in (
        (whole.take(slice(2, 5)), [2, 3, 4]), (whole.take(flags), [0, 2, 4, 6, 8]),
        (whole.take(np.array([3, 1])), [3, 1]), (whole.take_where(flags), [0, 2, 4, 6, 8]),
        (whole.take_where(np.zeros(10, bool)), []), (whole.take(slice(2, 9)).take(slice(1, 3)), [3, 4]),
    ):  # fmt: skip
        assert len(taken) == len(expected)
        assert taken.columns[ENERGY].tolist() == expected
        assert taken.columns[f"{CLOCK}.status"].tolist() == expected
        assert taken.columns[f"{CLOCK}.deviation"].tolist() == [-60] * len(expected)
        assert taken.mask[ENERGY].shape == (len(expected),)
        assert taken.time_basis == "utc"
        assert taken.scaled()[ENERGY].tolist() == [value / 10 for value in expected]
        assert len(list(taken.rows())) == len(expected)
    assert whole.take_where(np.ones(10, bool)) is whole


def test_a_slice_shares_memory() -> None:
    whole = profile(range(10))
    assert np.shares_memory(whole.columns[ENERGY], whole.take(slice(2, 5)).columns[ENERGY])


def test_columns_are_selected_by_name_and_keep_it() -> None:
    whole = profile(range(4))
    selected = whole.select([ENERGY])
    assert list(selected.columns) == [ENERGY]
    assert selected.clock is None
    assert selected.to_arrow().num_rows == 4
    assert selected.units == whole.units
    assert whole.select([ENERGY, CLOCK]).columns[f"{CLOCK}.status"].tolist() == [0, 1, 2, 3]
    with pytest.raises(ConfigurationError, match="nothing"):
        whole.select(["nothing"])


def test_a_selected_plan_makes_room_for_whole_rows() -> None:
    selected = profile(range(4)).select([ENERGY])
    out = Profile.empty(selected.plan, 4)
    assert list(out.columns) == [CLOCK, ENERGY]
    with pytest.raises(ConfigurationError, match="empty"):
        unpack_profile(dumps(Array([])), out=selected)


def test_profiles_follow_one_another() -> None:
    parts = [profile(range(3)), profile(range(0)), profile(range(3, 5)).take(slice(1, 2))]
    joined = Profile.concat(parts)
    assert joined.columns[ENERGY].tolist() == [0, 1, 2, 4]
    assert joined.columns[f"{CLOCK}.status"].tolist() == [0, 1, 2, 4]
    assert joined.units == parts[0].units
    assert joined.time_basis == "utc"
    assert Profile.concat(parts[:1]) is parts[0]
    assert len(joined.gaps()) == 1


def test_columns_of_two_types_stay_exact() -> None:
    joined = Profile.concat([profile(range(2)), profile(range(2, 4), Long64Unsigned)])
    assert joined.columns[ENERGY].dtype == np.uint64
    assert joined.columns[ENERGY].tolist() == [0, 1, 2, 3]
    odd = Profile.concat([profile(range(2), Integer), profile(range(2, 4), Long64Unsigned)])
    assert odd.columns[ENERGY].tolist() == [0, 1, 2, 3]
    assert odd.columns[ENERGY].dtype == object


def test_of_two_time_bases_it_is_mixed() -> None:
    joined = Profile.concat([profile(range(2)), profile(range(2, 4), deviation=None)])
    assert joined.time_basis == "mixed"
    assert [row[0].tzinfo is None for row in joined.rows()] == [False, False, True, True]


def test_profiles_of_other_columns_do_not_follow() -> None:
    with pytest.raises(ConfigurationError):
        Profile.concat([profile(range(2)), profile(range(2)).select([ENERGY])])
    with pytest.raises(ConfigurationError):
        Profile.concat([])

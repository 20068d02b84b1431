"""Properties of compact-arrays in two parts: they go together and come apart, or it is a DecodeError."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from dlms_core import columns, compact
from dlms_core.fault import DecodeError

descriptions = st.lists(st.sampled_from([0, 3, 6, 9, 17, 25]), max_size=4).map(
    lambda tags: bytes([2, len(tags), *tags])
)


@given(st.one_of(st.binary(max_size=12), descriptions), st.binary(max_size=300))
def test_any_parts(description, contents):
    with contextlib.suppress(DecodeError):
        whole = compact.join(description, contents)
        assert compact.split(whole) == (description, contents)
        assert compact.unpack(description, contents).rows == columns.unpack(whole).rows


@given(st.binary(max_size=40))
def test_any_octets(octets):
    for candidate in (octets, b"\x13" + octets):
        with contextlib.suppress(DecodeError):
            assert columns.unpack(compact.join(*compact.split(candidate))).rows >= 0

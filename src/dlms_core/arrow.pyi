from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import disjoint_base

@disjoint_base
class Column:
    """One Arrow column over buffers that it shares, never copies.

    `layout` is a format string of the Arrow C data interface ("l", "tsm:UTC", "u", ...). `buffers` are those
    after the validity bitmap, in Arrow's order, each a contiguous object with the buffer protocol; they are
    kept alive as long as a consumer needs them. `validity` is the bitmap, least significant bit first, or None
    for no nulls. ValueError: a buffer too short for its rows.
    """

    name: str
    rows: int
    def __init__(
        self,
        name: str,
        layout: str,
        rows: int,
        buffers: Sequence[Any],
        *,
        validity: Any = None,
        nulls: int = 0,
        metadata: Mapping[str, str] | None = None,
    ) -> None: ...

def stream(columns: Sequence[Column], rows: int, metadata: Mapping[str, str] | None = None) -> object:
    """A PyCapsule "arrow_array_stream" of one record batch of `columns`, each of `rows` rows."""

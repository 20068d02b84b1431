"""How real meters deviate, as a value: given at construction, comparable, serialisable, and nothing by default.

Deviations that are harmless when decoding are always accepted and need no quirk. What is named here changes how a
peer is spoken to, or lets through what the standard forbids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from dlms.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """The deviations of one meter model. Every field is off by default.

    Link:
        hdlc_receive_numbers_ignored: the peer's N(R) says nothing (jDLMS leaves it at 0): an answer acknowledges.
        hdlc_final_bit_missing: with a window of one, an I frame without the final bit hands over the right to send
            all the same (jDLMS sets the bit on the last segment only, and waits after each).
        hdlc_parameters_always_sent: SNRM states its parameters even where they are the defaults.
        disconnect_unanswered: the peer closes without answering DISC; leaving does not wait for an answer.

    Association:
        context_name_not_echoed: to a proposal without ciphering the peer may name another context in its AARE (jDLMS
            names the ciphered one). A ciphered proposal is never answered by another context.
        initiate_request_not_ciphered: in a ciphered context the AARQ carries its initiate-request plain (jDLMS's
            server reads no other with LLS). The answer and everything after it is protected as ever.

    Services:
        single_blocks: general-block-transfer goes block by block, without windows (a Gurux server never ends one).
        short_name_methods_written: with short names a method is invoked by write, not by read with a parameter; what
            it returns is lost.
    """

    hdlc_receive_numbers_ignored: bool = False
    hdlc_final_bit_missing: bool = False
    hdlc_parameters_always_sent: bool = False
    disconnect_unanswered: bool = False
    context_name_not_echoed: bool = False
    initiate_request_not_ciphered: bool = False
    single_blocks: bool = False
    short_name_methods_written: bool = False

    @classmethod
    def from_value(cls, value: str | Mapping[str, Any]) -> Self:
        """A named set, or a table of fields; ConfigurationError for unknown ones."""
        if isinstance(value, str):
            try:
                return cls(**NAMED[value])
            except KeyError:
                raise ConfigurationError(f"no quirks are named {value!r}; {', '.join(sorted(NAMED))} are") from None
        unknown = set(value) - {field.name for field in fields(cls)}
        if unknown:
            raise ConfigurationError(f"unknown quirks: {', '.join(sorted(unknown))}")
        return cls(**value)

    def to_value(self) -> dict[str, Any]:
        """The table that `from_value` takes: what differs from the default."""
        return {name: value for name, value in asdict(self).items() if value != getattr(type(self)(), name)}


NAMED: dict[str, dict[str, Any]] = {
    "none": {},
    "jdlms-server": {
        "hdlc_receive_numbers_ignored": True,
        "hdlc_final_bit_missing": True,
        "disconnect_unanswered": True,
        "context_name_not_echoed": True,
    },
}

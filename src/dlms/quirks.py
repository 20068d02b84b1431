"""How real meters deviate, as a value: given at construction, comparable, serialisable, and nothing by default.

Deviations that are harmless when decoding are always accepted and need no quirk. What is named here changes how a
peer is spoken to, or lets through what the standard forbids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, Self

from dlms.errors import ConfigurationError

Priority = Literal["negotiated", "high", "normal"]
PRIORITIES: Final = ("negotiated", "high", "normal")
LONGEST_VERSION: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """The deviations of one meter model. By default there are none.

    Link:
        hdlc_receive_numbers_ignored: the peer's N(R) says nothing (jDLMS leaves it at 0): an answer acknowledges.
        hdlc_final_bit_missing: with a window of one, an I frame without the final bit hands over the right to send
            all the same (jDLMS sets the bit on the last segment only, and waits after each).
        hdlc_parameters_always_sent: SNRM states its parameters even where they are the defaults.
        hdlc_disconnected_first: DISC is sent before SNRM, and its answer awaited, for a peer that does not notice that
            an earlier connection has ended.
        disconnect_unanswered: the peer closes without answering DISC; leaving does not wait for an answer.

    Association:
        context_name_not_echoed: the peer may name another context in its AARE (jDLMS names the ciphered one of logical
            names). A ciphered proposal is never answered by a context without ciphering.
        initiate_request_not_ciphered: in a ciphered context the AARQ carries its initiate-request plain (jDLMS's
            server reads no other with LLS). The answer and everything after it is protected as ever.
        protocol_version: the bits that AARQ states as its protocol-version ("100001" to Landis+Gyr meters); "1", the
            standard's, goes without saying.
        release_omitted: the peer knows no RLRQ; leaving takes the link down without it.
        release_not_ciphered: RLRQ goes out plain and alone, also where the association is ciphered.

    Services:
        invoke_id: every request has this invoke-id, 0 to 15; None counts them.
        priority: "high" or "normal" for every request; "negotiated" is high where the peer agrees to priorities.
        service_class_not_set: requests do not say that they are confirmed; they are answered all the same.
        block_window: general-block-transfer comes in windows of so many blocks, 1 to 63; None takes 16. 1 goes block by
            block (a Gurux server never ends a window); a peer that marks all its blocks as streamed, as dlms-cosem-rs
            and spodes-rs do, is taken to end a window after so many.
        last_block_unmarked: in general-block-transfer a ciphered APDU ends where its own length says, though no block
            says that it is the last (a Gurux server counts the protection of what it has protected already).
        requests_in_blocks: SET, write, and ACTION with parameters go in blocks of their service even where they fit one
            APDU, as far as such blocks are agreed on.
        block_numbers_not_reset: the first block of an answer may have any number (Actaris SL7000 counts on from the
            answer before).
        short_name_methods_written: with short names a method is invoked by write, not by read with a parameter; what
            it returns is lost.
    """

    hdlc_receive_numbers_ignored: bool = False
    hdlc_final_bit_missing: bool = False
    hdlc_parameters_always_sent: bool = False
    hdlc_disconnected_first: bool = False
    disconnect_unanswered: bool = False
    context_name_not_echoed: bool = False
    initiate_request_not_ciphered: bool = False
    protocol_version: str = "1"
    release_omitted: bool = False
    release_not_ciphered: bool = False
    invoke_id: int | None = None
    priority: Priority = "negotiated"
    service_class_not_set: bool = False
    block_window: int | None = None
    last_block_unmarked: bool = False
    requests_in_blocks: bool = False
    block_numbers_not_reset: bool = False
    short_name_methods_written: bool = False

    def __post_init__(self) -> None:
        for each in fields(self):
            if isinstance(each.default, bool) and not isinstance(getattr(self, each.name), bool):
                raise ConfigurationError(f"the quirk {each.name} is true or false, not {getattr(self, each.name)!r}")
        version = self.protocol_version
        if not isinstance(version, str) or not 1 <= len(version) <= LONGEST_VERSION or version.strip("01"):
            raise ConfigurationError(f"the quirk protocol_version is bits as text, not {version!r}")
        if self.invoke_id is not None and self.invoke_id not in range(16):
            raise ConfigurationError(f"the quirk invoke_id is 0 to 15, not {self.invoke_id!r}")
        if self.block_window is not None and self.block_window not in range(1, 64):
            raise ConfigurationError(f"the quirk block_window is 1 to 63, not {self.block_window!r}")
        if self.priority not in PRIORITIES:
            raise ConfigurationError(f"the quirk priority is one of {', '.join(PRIORITIES)}, not {self.priority!r}")

    @classmethod
    def from_value(cls, value: str | Mapping[str, Any]) -> Self:
        """A named set, or a table of fields; ConfigurationError for unknown ones."""
        if isinstance(value, str):
            try:
                return cls(**NAMED[value])
            except KeyError:
                raise ConfigurationError(f"no quirks are named {value!r}; {', '.join(sorted(NAMED))} are") from None
        if not isinstance(value, Mapping):
            raise ConfigurationError(f"quirks are the name of a set or a table of them, not {value!r:.80}")
        unknown = set(value) - {field.name for field in fields(cls)}
        if unknown:
            raise ConfigurationError(f"unknown quirks: {', '.join(sorted(unknown))}")
        return cls(**value)

    def to_value(self) -> dict[str, Any]:
        """The table that `from_value` takes: what differs from the default."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) != each.default}


NAMED: dict[str, dict[str, Any]] = {
    "none": {},
    "jdlms-server": {
        "hdlc_receive_numbers_ignored": True,
        "hdlc_final_bit_missing": True,
        "disconnect_unanswered": True,
        "context_name_not_echoed": True,
    },
}

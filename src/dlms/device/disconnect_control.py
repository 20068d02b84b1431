"""The switch of a supply (class 70): its states, and who may change them in which control mode."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final, TypeAlias

from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import DisconnectControl, DisconnectControlV0, DisconnectControlV1
from dlms.device.part import Untimed
from dlms.enumerations import ControlMode, ControlState
from dlms.service_errors import OtherReason

AnyDisconnectControl: TypeAlias = DisconnectControl | DisconnectControlV0 | DisconnectControlV1


class Cause(Enum):
    """Who switches: a client, somebody at the meter, or the meter itself."""

    REMOTE_DISCONNECT = auto()
    REMOTE_RECONNECT = auto()
    MANUAL_DISCONNECT = auto()
    MANUAL_RECONNECT = auto()
    LOCAL_DISCONNECT = auto()
    LOCAL_RECONNECT = auto()


C, S = Cause, ControlState
TRANSITIONS: Final[dict[str, tuple[Cause, ControlState, ControlState]]] = {
    "a": (C.REMOTE_RECONNECT, S.DISCONNECTED, S.CONNECTED),
    "b": (C.REMOTE_DISCONNECT, S.CONNECTED, S.DISCONNECTED),
    "c": (C.REMOTE_DISCONNECT, S.READY_FOR_RECONNECTION, S.DISCONNECTED),
    "d": (C.REMOTE_RECONNECT, S.DISCONNECTED, S.READY_FOR_RECONNECTION),
    "e": (C.MANUAL_RECONNECT, S.READY_FOR_RECONNECTION, S.CONNECTED),
    "f": (C.MANUAL_DISCONNECT, S.CONNECTED, S.READY_FOR_RECONNECTION),
    "g": (C.LOCAL_DISCONNECT, S.CONNECTED, S.READY_FOR_RECONNECTION),
    "h": (C.LOCAL_RECONNECT, S.READY_FOR_RECONNECTION, S.CONNECTED),
    "i": (C.REMOTE_RECONNECT, S.READY_FOR_RECONNECTION, S.CONNECTED),
}
"""The arrows of the book's state diagram by their letters. Uncertain: the ends of i, inferred from one source."""
PERMITTED: Final[dict[ControlMode, str]] = {
    ControlMode.NONE: "",
    ControlMode.MODE_1: "bcdefg",
    ControlMode.MODE_2: "abcefg",
    ControlMode.MODE_3: "bcdeg",
    ControlMode.MODE_4: "abceg",
    ControlMode.MODE_5: "bcdefgh",
    ControlMode.MODE_6: "bcdegh",
    ControlMode.MODE_7: "abceghi",
}
"""Which of them there are in each control mode."""


class LiveDisconnectControl(Untimed):
    """A switch. Clients switch it by the methods of the object, the program by `switch(Cause.MANUAL_RECONNECT)`.

    `switched(output_state)` is called when the supply goes on or off. A cause that the mode knows but that changes
    nothing now changes nothing; one that it does not know is OtherReason.
    """

    def __init__(
        self,
        device: LogicalDevice,
        control: AnyDisconnectControl,
        *,
        control_mode: ControlMode = ControlMode.MODE_1,
        control_state: ControlState = ControlState.CONNECTED,
        switched: Callable[[bool], None] | None = None,
    ) -> None:
        self.control = control
        self.control_state = control_state
        self._device = device
        self._switched = switched
        device.add(control)  # the version that it is: its attributes are those of every version
        device[control.control_mode] = control_mode
        device[control.output_state] = lambda: self.output_state
        device[control.control_state] = lambda: self.control_state
        device.on_set(control.control_mode, self._set_mode)
        device.on_call(control.remote_disconnect, lambda _: self.switch(Cause.REMOTE_DISCONNECT))
        device.on_call(control.remote_reconnect, lambda _: self.switch(Cause.REMOTE_RECONNECT))

    @property
    def output_state(self) -> bool:
        """Whether there is supply."""
        return self.control_state is ControlState.CONNECTED

    def switch(self, cause: Cause) -> None:
        """Go where the mode leads; raises OtherReason where it does not know the cause."""
        arrows = [TRANSITIONS[letter] for letter in PERMITTED[self._device[self.control.control_mode]]]
        known = {state: goal for of, state, goal in arrows if of is cause}
        if not known:
            raise OtherReason(what=cause.name.lower())
        self._become(known.get(self.control_state, self.control_state))

    def _become(self, state: ControlState) -> None:
        before, self.control_state = self.output_state, state
        if self._switched is not None and self.output_state is not before:
            self._switched(self.output_state)

    def _set_mode(self, mode: ControlMode) -> None:
        if mode not in PERMITTED:
            raise OtherReason
        if mode is ControlMode.NONE:
            self._become(ControlState.CONNECTED)

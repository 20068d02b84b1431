"""The options that operations of both shells take, declared once."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypedDict

from dlms.association.client import Errors
from dlms.association.engine import Trace
from dlms.association.firmware import Approve
from dlms.association.key_transfer import GivenKey, Setup
from dlms.association.negotiated import PreEstablished
from dlms.association.profile_reading import Access, ProfileStructure
from dlms.cosem.classes import Clock, ImageTransfer, SingleActionSchedule
from dlms.cosem.profile_plan import Nulls
from dlms.datetime import CosemDateTime, DeviationSign
from dlms.enumerations import Conformance
from dlms.link.hdlc_settings import HdlcSettings
from dlms.meter_description import Described
from dlms.quirks import Quirks
from dlms.security.settings import Security
from dlms.shell.policy import Deadlines, Retries

OnProgress: TypeAlias = Callable[[int, int | None], None]
"""Told how far a long operation has come, and of how much, None where nobody knows: rows of a profile, blocks of an
image, octets of any other value."""


class TargetOptions(TypedDict, total=False):
    """Whom to connect to, beside or in place of a URL, and what to propose.

    `meter` is a TOML file (or its table) with the URL, the security and the quirks; see `dlms.meter_description`. What
    is given beside it takes its place. `conformance` is None for all that this library can do. `server_system_title`
    is the meter's (another is refused), `user_id` the number of the human user, where the meter keeps a list.
    `pre_established` says what is known of an association that exists without being opened: nothing is sent for it.
    """

    meter: Described | None
    security: Security | None
    short_names: bool | None
    quirks: Quirks | Mapping[str, Any] | str | None
    hdlc: HdlcSettings | None
    max_receive_pdu_size: int
    conformance: Conformance | None
    server_system_title: bytes | None
    user_id: int | None
    pre_established: PreEstablished | None


class ConnectOptions(TargetOptions, total=False):
    """All that `connect` takes: besides, how long each phase may take, how often what got no answer is tried again
    (None: never), and who is told of what.

    After `keep_alive` seconds without a word to the meter a sign of life is exchanged, so that neither the meter nor
    what lies between gives the connection up: RR over HDLC, over the wrapper the name of the association, read.
    """

    deadlines: Deadlines | None
    retries: Retries | None
    keep_alive: float | None
    on_progress: OnProgress | None
    trace: Trace | None


class AccessOptions(TypedDict, total=False):
    """`repeat_safe` allows that the request is repeated where it was not answered, though it may have been carried out.
    `break_on_error` has the meter stop at the first error, and NotProcessed stands for the rest."""

    repeat_safe: bool
    errors: Errors
    break_on_error: bool
    self_descriptive: bool
    date_time: CosemDateTime | None


class ProfileOptions(TypedDict, total=False):
    """How a profile is read.

    `columns` names what is wanted besides the time: logical names, column names, objects or addresses. `tz` is the
    zone of naive times and of meters' times without deviation. `access` "range" has the meter choose by time, "entry"
    by number; where it refuses, and with "all", it sends every row and the choice is made here. `structure` hands in
    what an earlier connection found (`association.profile_structures`).
    """

    columns: Iterable[Any] | None
    tz: datetime.tzinfo | None
    access: Access
    structure: ProfileStructure | None
    nulls: Nulls
    deviation_sign: DeviationSign


class ClockOptions(TypedDict, total=False):
    """Which clock, 0.0.1.0.0.255 unless named, and the zone of times without deviation."""

    clock: Clock | None
    tz: datetime.tzinfo | None
    deviation_sign: DeviationSign


class FirmwareOptions(TypedDict, total=False):
    """How an image is transferred and put to use; see `dlms.association.firmware.FirmwareUpdating`.

    `resume` goes on with the transfer that the meter has under way, which the caller knows to be of this image.
    `activate` False stops after the verification, a datetime in the meter's local time has it done then. `approve`
    is asked about image_to_activate_info before. `patience` is how long each step may take, in seconds, `poll_interval`
    how often the meter is asked meanwhile. `transfer` and `schedule` name objects other than the usual ones.
    `repeat_safe` goes on by itself after a lost link, as far as retries allow: what is sent twice does no harm, and an
    activation that was not answered is not asked for again.
    """

    transfer: ImageTransfer
    resume: bool
    activate: bool | datetime.datetime
    approve: Approve | None
    schedule: SingleActionSchedule
    patience: float
    poll_interval: float
    repeat_safe: bool


class KeyOptions(TypedDict, total=False):
    """The new keys, as Key, octets or hexadecimal text; see `dlms.association.key_transfer.transfer_keys`.

    `setup` is the Security setup object, of version 1 unless a SecuritySetupV0 is given. `at_once` is for meters that
    change to the new keys within the association.
    """

    encryption_key: GivenKey | None
    authentication_key: GivenKey | None
    broadcast_encryption_key: GivenKey | None
    master_key: GivenKey | None
    setup: Setup
    at_once: bool

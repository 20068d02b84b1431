"""Updating a meter's firmware through Image transfer (class 18), step by step as the Blue Book has it.

Enable, read the block size, initiate, transfer the blocks, check that all are there, verify, look at what would be
activated, activate. No attribute names the image that is under way, so it is the caller who knows that it is the same
(`resume`); the meter's verification decides at the end in any case.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from io import SEEK_END, BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

from dlms.association.effects import Exchange, Progress, Wait, without_progress
from dlms.cosem.classes import ImageTransfer, SingleActionSchedule
from dlms.cosem.classes.access_control import ImageBlock, ImageToActivateInfo, ImageTransferInitiate
from dlms.cosem.classes.time_and_events import ExecutionTime
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.datetime import from_date, from_time
from dlms.enumerations import ImageTransferStatus
from dlms.errors import ConfigurationError, ImageTransferError, LinkError, TransportError
from dlms.service_errors import ServiceError, TemporaryFailure

if TYPE_CHECKING:
    from dlms.association.client import ClientAssociation

Approve: TypeAlias = Callable[[Sequence[ImageToActivateInfo]], bool]
"""Whether to activate the images that the meter names."""

IMAGE_TRANSFER: Final = ImageTransfer("0.0.44.0.0.255")
ACTIVATION_SCHEDULE: Final = SingleActionSchedule("0.0.15.0.2.255")
ROUNDS: Final = 3  # how often blocks are sent that the meter says it has not got
LONGEST_IMAGE: Final = 0xFFFF_FFFF  # image_size is a double-long-unsigned
VERIFYING: Final = (ImageTransferStatus.IMAGE_TRANSFER_INITIATED, ImageTransferStatus.IMAGE_VERIFICATION_INITIATED)
ACTIVATING: Final = (
    *VERIFYING,  # an activation verifies what is not yet verified
    ImageTransferStatus.IMAGE_VERIFICATION_SUCCESSFUL,
    ImageTransferStatus.IMAGE_ACTIVATION_INITIATED,
)


class Activation(Enum):
    """What became of the activation."""

    NOT_ASKED = "not asked"
    SCHEDULED = "scheduled"
    SUCCESSFUL = "successful"
    UNKNOWN = "unknown"
    """The connection was lost, as when a meter starts anew with its new firmware, or the meter forgot the transfer:
    ask it for its firmware version."""


@dataclass(frozen=True, slots=True)
class FirmwareUpdate:
    """How an update ended. `blocks_sent` counts those of this run; `images` is what the meter said it would activate,
    empty where it does not say."""

    activation: Activation
    images: tuple[ImageToActivateInfo, ...]
    blocks_sent: int
    blocks: int


class Image:
    """Octets to transfer, of which no more is held than the file or the caller holds, and one block."""

    def __init__(self, source: bytes | BinaryIO, identifier: bytes | str) -> None:
        if not isinstance(source, bytes) and not hasattr(source, "seek"):
            raise ConfigurationError(f"an image is octets or an open file, not {source!r:.80}")
        self._file: BinaryIO = BytesIO(source) if isinstance(source, bytes) else source
        self.identifier = identifier.encode("ascii") if isinstance(identifier, str) else identifier
        self.size = self._file.seek(0, SEEK_END)
        if not 0 < self.size <= LONGEST_IMAGE:
            raise ConfigurationError(f"an image has 1 to {LONGEST_IMAGE} octets, this one has {self.size}")

    def block(self, number: int, size: int) -> bytes:
        """Block `number`, counted from 0; the last may be shorter than `size`."""
        start = number * size
        expected = min(size, self.size - start)
        self._file.seek(start)
        octets = self._file.read(expected)
        if len(octets) != expected:
            raise ConfigurationError(f"the image ended within block {number}: it became shorter while it was sent")
        return octets

    def is_named_by(self, images: Sequence[ImageToActivateInfo]) -> bool:
        """Whether one of `images` has this one's identifier or size."""
        return any(
            info.image_to_activate_identification == self.identifier or info.image_to_activate_size == self.size
            for info in images
        )


class FirmwareUpdating:
    """One update of one meter: an image transferred, verified and, with `activate`, put to use.

    `image` is octets or a seekable binary file, read block by block. `resume` says that the transfer that the meter
    has under way is of this image: what it has got is not sent again, and what it has verified is not verified again.
    Without it, or where the meter has no such transfer, everything is sent.

    `activate` False stops after the verification; a datetime, in the meter's local time, is written to `schedule`, the
    meter's schedule of image activation. Before that `approve` is asked about image_to_activate_info; without it an
    image is approved that has the identifier or the size of ours, or of which the meter says nothing.

    While the meter answers temporary-failure, or is at it, it is asked again every `poll_interval` seconds, `patience`
    seconds long for each step. Raises ImageTransferError with the meter's image_transfer_status, and ServiceError for
    what the meter refuses otherwise.

    Run again, over another link, it goes on where the first one was lost.
    """

    def __init__(
        self,
        image: bytes | BinaryIO,
        identifier: bytes | str,
        *,
        transfer: ImageTransfer = IMAGE_TRANSFER,
        resume: bool = False,
        activate: bool | datetime.datetime = True,
        approve: Approve | None = None,
        schedule: SingleActionSchedule = ACTIVATION_SCHEDULE,
        patience: float = 600.0,
        poll_interval: float = 5.0,
    ) -> None:
        if poll_interval <= 0:
            raise ConfigurationError(f"poll_interval is above 0, not {poll_interval}")
        self._image = Image(image, identifier)
        self._transfer = transfer
        self._resume = resume
        self._activate_when = activate
        self._approve = approve
        self._schedule = schedule
        self._patience = patience
        self._interval = poll_interval
        self._block_size = 0
        self._count = 0
        self._sent = 0

    def run(self, association: ClientAssociation) -> Exchange[FirmwareUpdate]:
        """All steps that are left."""
        self._association = association
        of = self._transfer
        if not (yield from self._get(of.image_transfer_enabled)):
            yield from self._association.set(of.image_transfer_enabled, True)
        self._block_size = yield from self._get(of.image_block_size)
        if not isinstance(self._block_size, int) or self._block_size < 1:
            raise ImageTransferError(f"the meter's image_block_size is {self._block_size!r:.40}")
        self._count = -(-self._image.size // self._block_size)
        status = (yield from self._where_it_left_off()) if self._resume else None
        if status is ImageTransferStatus.IMAGE_ACTIVATION_SUCCESSFUL:
            return self._ended(Activation.SUCCESSFUL, (yield from self._images()))
        if status is ImageTransferStatus.IMAGE_ACTIVATION_INITIATED:
            return (yield from self._activation_awaited((yield from self._images())))
        if status is ImageTransferStatus.IMAGE_VERIFICATION_INITIATED:
            yield from self._verification_awaited()
        elif status is not ImageTransferStatus.IMAGE_VERIFICATION_SUCCESSFUL:
            yield from self._transfer_blocks(status)
            yield from self._verify()
        return (yield from self._activate())

    def _ended(self, activation: Activation, images: tuple[ImageToActivateInfo, ...]) -> FirmwareUpdate:
        return FirmwareUpdate(activation, images, self._sent, self._count)

    # ---- what the meter says --------------------------------------------------------------------------------------

    def _get(self, ref: AttributeRef[Any]) -> Exchange[Any]:
        return without_progress(self._association.get(ref))

    def _status(self) -> Exchange[ImageTransferStatus]:
        value = yield from self._get(self._transfer.image_transfer_status)
        if not isinstance(value, int):
            raise ImageTransferError(f"the meter's image_transfer_status is {value!r:.40}")
        return ImageTransferStatus(value)

    def _images(self) -> Exchange[tuple[ImageToActivateInfo, ...]]:
        """image_to_activate_info; nothing where the meter does not tell, or not in the book's form."""
        try:
            value = yield from self._get(self._transfer.image_to_activate_info)
        except ServiceError:
            return ()
        return tuple(info for info in value if isinstance(info, ImageToActivateInfo)) if isinstance(value, list) else ()

    def _where_it_left_off(self) -> Exchange[ImageTransferStatus | None]:
        """The status that can be gone on from; None where the meter has to begin anew."""
        status = yield from self._status()
        if status == ImageTransferStatus.IMAGE_TRANSFER_INITIATED:
            bits = yield from self._get(self._transfer.image_transferred_blocks_status)
            return status if isinstance(bits, str) and self._count <= len(bits) < self._count + 8 else None
        if status in (
            ImageTransferStatus.IMAGE_VERIFICATION_SUCCESSFUL,
            ImageTransferStatus.IMAGE_ACTIVATION_SUCCESSFUL,
        ):
            return status if self._image.is_named_by((yield from self._images())) else None
        under_way = (
            ImageTransferStatus.IMAGE_VERIFICATION_INITIATED,
            ImageTransferStatus.IMAGE_ACTIVATION_INITIATED,
        )
        return status if status in under_way else None

    def _missing(self, first: int) -> Exchange[Sequence[int]]:
        """The numbers of the blocks that the meter has not got; `first` is the first of them."""
        try:
            bits = yield from self._get(self._transfer.image_transferred_blocks_status)
        except ServiceError:
            bits = ""
        known = enumerate(bits if isinstance(bits, str) else "")
        got = {number for number, bit in known if bit == "1"}
        missing = [number for number in range(first, self._count) if number not in got]
        return missing or range(first, self._count)

    # ---- the steps ------------------------------------------------------------------------------------------------

    def _transfer_blocks(self, status: ImageTransferStatus | None) -> Exchange[None]:
        """Initiate, unless the transfer is under way, and send blocks until the meter has all of them."""
        of = self._transfer
        missing: Sequence[int] = range(self._count)
        if status is None:
            start = ImageTransferInitiate(self._image.identifier, self._image.size)
            yield from self._patiently(of.image_transfer_initiate, start)
            self._resume = True  # from here on what the meter has under way is ours
            rounds = ROUNDS
        else:
            missing, rounds = (), ROUNDS + 1
        for _ in range(rounds):
            yield from self._send(missing)
            first = yield from self._get(of.image_first_not_transferred_block_number)
            if not isinstance(first, int) or not 0 <= first < self._count:
                return
            missing = yield from self._missing(first)
        raise ImageTransferError(
            f"the meter still has not got block {first} of {self._count}", (yield from self._status())
        )

    def _send(self, numbers: Iterable[int]) -> Exchange[None]:
        for number in numbers:
            block = ImageBlock(number, self._image.block(number, self._block_size))
            yield from self._patiently(self._transfer.image_block_transfer, block)
            self._sent += 1
            yield Progress(number + 1, self._count)

    def _patiently(self, method: MethodRef[Any], argument: Any) -> Exchange[None]:
        """Invoke a method, and again as long as the meter answers temporary-failure: it does no harm twice."""
        waited = 0.0
        while True:
            try:
                yield from without_progress(self._association.call(method, argument))
            except TemporaryFailure:
                if waited >= self._patience:
                    raise
            else:
                return
            yield Wait(self._interval)
            waited += self._interval

    def _verify(self) -> Exchange[None]:
        try:
            yield from self._association.call(self._transfer.image_verify, 0)
        except TemporaryFailure:
            yield from self._verification_awaited()
        except ServiceError as error:
            status = yield from self._status()
            if status != ImageTransferStatus.IMAGE_VERIFICATION_FAILED:
                raise
            raise ImageTransferError("the meter found the image wrong", status) from error

    def _verification_awaited(self) -> Exchange[None]:
        status = yield from self._while_at(VERIFYING, "verifying")
        if status != ImageTransferStatus.IMAGE_VERIFICATION_SUCCESSFUL:
            raise ImageTransferError("the meter found the image wrong", status)

    def _while_at(self, under_way: Sequence[ImageTransferStatus], what: str) -> Exchange[ImageTransferStatus]:
        """The first status that is none of `under_way`."""
        waited = 0.0
        while True:
            status = yield from self._status()
            if status not in under_way:
                return status
            if waited >= self._patience:
                raise ImageTransferError(f"the meter was still {what} after {waited:g} s", status)
            yield Wait(self._interval)
            waited += self._interval

    def _activate(self) -> Exchange[FirmwareUpdate]:
        activate, approve = self._activate_when, self._approve
        images = yield from self._images()
        if activate is False:
            return self._ended(Activation.NOT_ASKED, images)
        if not (approve(images) if approve else not images or self._image.is_named_by(images)):
            raise ImageTransferError(
                f"the images to activate were not approved: {', '.join(map(_described, images)) or 'none is named'}",
                ImageTransferStatus.IMAGE_VERIFICATION_SUCCESSFUL,
            )
        if isinstance(activate, datetime.datetime):
            moment = ExecutionTime(from_time(activate.time()), from_date(activate.date()))
            yield from self._association.set(self._schedule.execution_time, [moment])
            return self._ended(Activation.SCHEDULED, images)
        try:
            yield from self._association.call(self._transfer.image_activate, 0)
        except TemporaryFailure:
            return (yield from self._activation_awaited(images))
        except (TransportError, LinkError):
            return self._ended(Activation.UNKNOWN, images)
        except ServiceError as error:
            status = yield from self._status()
            if status != ImageTransferStatus.IMAGE_ACTIVATION_FAILED:
                raise
            raise ImageTransferError("the meter could not activate the image", status) from error
        return self._ended(Activation.SUCCESSFUL, images)

    def _activation_awaited(self, images: tuple[ImageToActivateInfo, ...]) -> Exchange[FirmwareUpdate]:
        try:
            status = yield from self._while_at(ACTIVATING, "activating")
        except (TransportError, LinkError):
            return self._ended(Activation.UNKNOWN, images)
        if status == ImageTransferStatus.IMAGE_ACTIVATION_SUCCESSFUL:
            return self._ended(Activation.SUCCESSFUL, images)
        if status == ImageTransferStatus.IMAGE_TRANSFER_NOT_INITIATED:
            return self._ended(Activation.UNKNOWN, images)  # started anew, and forgot the transfer
        raise ImageTransferError("the meter could not activate the image", status)


def _described(info: ImageToActivateInfo) -> str:
    return f"{info.image_to_activate_identification!r} of {info.image_to_activate_size} octets"

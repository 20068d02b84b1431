"""Image transfer of a device (class 18): a firmware image that comes in blocks, is verified and put to use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Final, TypeAlias

from dlms.association.server.logical_device import LogicalDevice, Outcome
from dlms.association.server.work import LOGGER
from dlms.cosem.classes import ImageTransfer
from dlms.cosem.classes.access_control import ImageBlock, ImageToActivateInfo, ImageTransferInitiate
from dlms.device.part import Untimed
from dlms.enumerations import ImageTransferStatus
from dlms.errors import ConfigurationError
from dlms.service_errors import OtherReason, ReadWriteDenied, ServiceError, TemporaryFailure, TypeUnmatched

AT_WORK: Final = (ImageTransferStatus.IMAGE_VERIFICATION_INITIATED, ImageTransferStatus.IMAGE_ACTIVATION_INITIATED)
VERIFIED: Final = (
    ImageTransferStatus.IMAGE_VERIFICATION_SUCCESSFUL,
    ImageTransferStatus.IMAGE_ACTIVATION_FAILED,
)


@dataclass(slots=True)
class TransferredImage:
    """An image as a client announced it, and the blocks that have come."""

    identifier: bytes
    size: int
    block_size: int
    blocks: dict[int, bytes] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many blocks there are in all."""
        return -(-self.size // self.block_size)

    @property
    def octets(self) -> bytes:
        """The image, once it is complete."""
        return b"".join(self.blocks[number] for number in range(self.count))

    def length_of(self, number: int) -> int:
        """How long a block has to be: the last one is what is left."""
        return min(self.block_size, self.size - number * self.block_size)


Verify: TypeAlias = Callable[[TransferredImage], Outcome[Sequence[ImageToActivateInfo] | None]]
"""Whether an image is good: returns what its activation would put to use, None for the image as a whole; raises what it
likes for one that is not."""
Activate: TypeAlias = Callable[[TransferredImage], Outcome[object]]
"""Put an image to use; raises what it likes where it cannot."""


class LiveImageTransfer(Untimed):
    """Images taken by a device: their transfer, verification and activation, and the status of each.

    `verify` and `activate` may be async: then they go on by themselves while the method is answered with
    temporary-failure and the status tells how it stands. An image longer than `longest_image` octets is refused. What
    has been transferred stays over lost connections, until another transfer is initiated or the image is put to use.
    """

    def __init__(
        self,
        device: LogicalDevice,
        transfer: ImageTransfer | None = None,
        *,
        verify: Verify,
        activate: Activate,
        block_size: int = 1024,
        longest_image: int = 1 << 24,
        enabled: bool = True,
    ) -> None:
        if block_size < 1:
            raise ConfigurationError(f"image_block_size is above 0, not {block_size}")
        self.transfer = of = transfer or ImageTransfer("0.0.44.0.0.255")
        self.status = ImageTransferStatus.IMAGE_TRANSFER_NOT_INITIATED
        self.images: tuple[ImageToActivateInfo, ...] = ()
        """image_to_activate_info."""
        self._device = device
        self._verify = verify
        self._activate = activate
        self._block_size = block_size
        self._longest = longest_image
        self._image: TransferredImage | None = None
        self._bits = ""
        device[of.image_block_size] = block_size
        device[of.image_transferred_blocks_status] = lambda: self._blocks_status()
        device[of.image_first_not_transferred_block_number] = lambda: self._first_not_transferred()
        device[of.image_transfer_enabled] = enabled
        device[of.image_transfer_status] = lambda: self.status
        device[of.image_to_activate_info] = lambda: list(self.images)
        device.on_call(of.image_transfer_initiate, self._initiate)
        device.on_call(of.image_block_transfer, self._take)
        device.on_call(of.image_verify, lambda argument: self._asked(argument, self._begin_verification))
        device.on_call(of.image_activate, lambda argument: self._asked(argument, self._begin_activation))

    # ---- attributes -----------------------------------------------------------------------------------------------

    def _blocks_status(self) -> str:
        image = self._image
        if image is None:
            return self._bits
        return "".join("1" if number in image.blocks else "0" for number in range(image.count))

    def _first_not_transferred(self) -> int:
        bits = self._blocks_status()
        first = bits.find("0")
        return len(bits) if first < 0 else first

    # ---- transfer -------------------------------------------------------------------------------------------------

    def _check_enabled(self) -> None:
        if not self._device[self.transfer.image_transfer_enabled]:
            raise ReadWriteDenied
        if self.status in AT_WORK:
            raise TemporaryFailure

    def _initiate(self, argument: ImageTransferInitiate) -> None:
        """Begin a transfer; one that was under way is forgotten."""
        self._check_enabled()
        if not 0 < argument.image_size <= self._longest:
            raise OtherReason
        self._image = TransferredImage(argument.image_identifier, argument.image_size, self._block_size)
        self.images = ()
        self.status = ImageTransferStatus.IMAGE_TRANSFER_INITIATED

    def _take(self, block: ImageBlock) -> None:
        """Keep a block whose number and length are right; one that has come before takes the place of the former."""
        self._check_enabled()
        image = self._image
        if image is None or self.status is not ImageTransferStatus.IMAGE_TRANSFER_INITIATED:
            raise OtherReason
        number, octets = block.image_block_number, block.image_block_value
        if number >= image.count or len(octets) != image.length_of(number):
            raise OtherReason
        image.blocks[number] = octets

    # ---- verification and activation ------------------------------------------------------------------------------

    def _asked(self, argument: int | None, begin: Callable[[TransferredImage], Awaitable[None] | None]) -> None:
        """Begin, and say temporary-failure where it takes longer."""
        self._check_enabled()
        image = self._image
        if argument is None:
            raise TypeUnmatched
        if image is None or len(image.blocks) < image.count:
            raise OtherReason
        rest = begin(image)
        if rest is not None:
            self._device.unfinished.append(rest)
            self._device.changed()
            raise TemporaryFailure
        if self.status in (
            ImageTransferStatus.IMAGE_VERIFICATION_FAILED,
            ImageTransferStatus.IMAGE_ACTIVATION_FAILED,
        ):
            raise OtherReason

    def _begin_verification(self, image: TransferredImage) -> Awaitable[None] | None:
        self.status = ImageTransferStatus.IMAGE_VERIFICATION_INITIATED
        return self._step(self._verify, image, self._verified, ImageTransferStatus.IMAGE_VERIFICATION_FAILED)

    def _begin_activation(self, image: TransferredImage) -> Awaitable[None] | None:
        """Activate; what is not verified yet is verified first."""
        if self.status not in VERIFIED:
            rest = self._begin_verification(image)
            if rest is not None:
                return self._then_activate(rest, image)
            if self.status not in VERIFIED:
                return None
        self.status = ImageTransferStatus.IMAGE_ACTIVATION_INITIATED
        return self._step(self._activate, image, self._activated, ImageTransferStatus.IMAGE_ACTIVATION_FAILED)

    async def _then_activate(self, verification: Awaitable[None], image: TransferredImage) -> None:
        await verification
        if self.status in VERIFIED:
            rest = self._begin_activation(image)
            if rest is not None:
                await rest

    def _step(
        self, function: Callable[[TransferredImage], Any], image: TransferredImage, done: Callable[[Any], None],
        failed: ImageTransferStatus,
    ) -> Awaitable[None] | None:  # fmt: skip
        """Do one step now; what is left of it where it is async."""
        try:
            outcome = function(image)
        except Exception as error:
            self._failed(error, failed)
            return None
        if isawaitable(outcome):
            return self._awaited(outcome, done, failed)
        done(outcome)
        return None

    async def _awaited(self, outcome: Awaitable[Any], done: Callable[[Any], None], failed: ImageTransferStatus) -> None:
        try:
            done(await outcome)
        except Exception as error:
            self._failed(error, failed)
        except BaseException:  # it was given up
            self.status = failed
            raise

    def _failed(self, error: Exception, status: ImageTransferStatus) -> None:
        if not isinstance(error, ServiceError):
            LOGGER.exception("image transfer: %s", status.book_name, exc_info=error)
        self.status = status

    def _verified(self, images: Sequence[ImageToActivateInfo] | None) -> None:
        image = self._image
        assert image is not None  # noqa: S101  # it was verified
        self.images = (ImageToActivateInfo(image.size, image.identifier, b""),) if images is None else tuple(images)
        self.status = ImageTransferStatus.IMAGE_VERIFICATION_SUCCESSFUL

    def _activated(self, _: object) -> None:
        self._bits = self._blocks_status()
        self._image = None  # its octets are where they belong
        self.status = ImageTransferStatus.IMAGE_ACTIVATION_SUCCESSFUL

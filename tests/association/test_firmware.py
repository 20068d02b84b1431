"""A firmware image transferred, verified and activated by a client, with meters of every temper."""

from __future__ import annotations

import datetime
import io
from typing import Any

import pytest
from tests.association.meter_in_memory import ScriptedMeter

from dlms.association.client import ClientAssociation
from dlms.association.effects import Exchange
from dlms.association.firmware import Activation, FirmwareUpdate, FirmwareUpdating, Image
from dlms.cosem.classes.access_control import ImageToActivateInfo
from dlms.data import (
    Array,
    BitString,
    Boolean,
    Data,
    DoubleLong,
    DoubleLongUnsigned,
    Enum,
    OctetString,
    Structure,
    loads,
)
from dlms.enumerations import ImageTransferStatus as Status
from dlms.errors import ConfigurationError, ConnectionLost, ImageTransferError
from dlms.results import ActionResult, DataAccessResult
from dlms.service_errors import ObjectUndefined, ReadWriteDenied, TemporaryFailure

NAME = "0.0.44.0.0.255"
IMAGE = bytes(range(256)) * 3 + b"the end"
IDENTIFIER = b"FW-1.2.3"
BLOCK = 100
COUNT = 8
BUSY, OTHER, DENIED = ActionResult.TEMPORARY_FAILURE, ActionResult.OTHER_REASON, ActionResult.READ_WRITE_DENIED
NAMED = ImageToActivateInfo(len(IMAGE), IDENTIFIER, b"signature")


def update_firmware(
    association: ClientAssociation, image: Any, identifier: Any, **options: Any
) -> Exchange[FirmwareUpdate]:
    return FirmwareUpdating(image, identifier, **options).run(association)


class Meter(ScriptedMeter):
    """A meter with an Image transfer object. `answers` holds what methods answer before they do their work, by number;
    `steps` what the status becomes at each further reading."""

    def __init__(self) -> None:
        self.enabled = True
        self.block_size = BLOCK
        self.status = Status.IMAGE_TRANSFER_NOT_INITIATED
        self.identifier = b""
        self.size = 0
        self.blocks: dict[int, bytes] = {}
        self.lost: list[int] = []
        self.images: list[ImageToActivateInfo] = []
        self.answers: dict[int, list[Any]] = {}
        self.steps: list[Status] = []
        methods = {1: self._initiate, 2: self._block, 3: self._verify, 4: self._activate}
        super().__init__(
            {
                (18, NAME, 2): lambda _: DoubleLongUnsigned(self.block_size),
                (18, NAME, 3): lambda _: BitString(self.bits),
                (18, NAME, 4): lambda _: DoubleLongUnsigned(self.first),
                (18, NAME, 5): lambda _: Boolean(self.enabled),
                (18, NAME, 6): self._read_status,
                (18, NAME, 7): lambda _: info_data(self.images),
                (22, "0.0.15.0.2.255", 4): Array(()),
            },
            {(18, NAME, number): self._answering(number, method) for number, method in methods.items()},
        )

    @property
    def bits(self) -> str:
        count = -(-self.size // BLOCK)
        return "".join("1" if number in self.blocks else "0" for number in range(count))

    @property
    def first(self) -> int:
        return next((number for number, bit in enumerate(self.bits) if bit == "0"), len(self.bits))

    def _read_status(self, _: Any) -> Data:
        if self.steps:
            self.status = self.steps.pop(0)
        return Enum(self.status)

    def _answering(self, number: int, method: Any) -> Any:
        def answer(argument: bytes | None) -> Any:
            waiting = self.answers.get(number)
            if waiting:
                first = waiting.pop(0)
                if isinstance(first, Exception):
                    raise first
                if first is not None:
                    return first
            return method(loads(argument or b""))

        return answer

    def _initiate(self, argument: Any) -> None:
        self.identifier, self.size = argument
        self.blocks.clear()
        self.status = Status.IMAGE_TRANSFER_INITIATED

    def _block(self, argument: Any) -> None:
        number, octets = argument
        if number in self.lost:
            self.lost.remove(number)
        else:
            self.blocks[number] = octets

    def _verify(self, argument: Any) -> ActionResult | None:
        assert argument == 0
        if b"".join(self.blocks[number] for number in sorted(self.blocks)) != IMAGE:
            self.status = Status.IMAGE_VERIFICATION_FAILED
            return OTHER
        self.status = Status.IMAGE_VERIFICATION_SUCCESSFUL
        self.images = [NAMED]
        return None

    def _activate(self, argument: Any) -> None:
        assert argument == 0
        self.status = Status.IMAGE_ACTIVATION_SUCCESSFUL

    def update(self, image: Any = IMAGE, **options: Any) -> FirmwareUpdate:
        return self.run(update_firmware(self.association(), image, IDENTIFIER, **options))

    @property
    def methods_called(self) -> list[int]:
        return [number for (_, _, number), _ in self.called]


def info_data(images: list[ImageToActivateInfo]) -> Data:
    fields = [
        (info.image_to_activate_size, info.image_to_activate_identification, info.image_to_activate_signature)
        for info in images
    ]
    return Array(
        tuple(
            Structure((DoubleLongUnsigned(size), OctetString(named), OctetString(signature)))
            for size, named, signature in fields
        )
    )


def test_an_image_is_transferred_verified_and_activated() -> None:
    meter = Meter()
    assert meter.update() == FirmwareUpdate(Activation.SUCCESSFUL, (NAMED,), COUNT, COUNT)
    assert (meter.identifier, meter.size) == (IDENTIFIER, len(IMAGE))
    assert [len(meter.blocks[number]) for number in range(COUNT)] == [BLOCK] * 7 + [75]
    assert meter.methods_called == [1, *[2] * COUNT, 3, 4]
    assert meter.progress == [(number, COUNT) for number in range(1, COUNT + 1)]
    assert meter.waits == []


def test_a_file_is_read_block_by_block() -> None:
    class Watched(io.BytesIO):
        longest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            octets = super().read(size)
            Watched.longest = max(Watched.longest, len(octets))
            return octets

    meter = Meter()
    assert meter.update(Watched(IMAGE)).activation is Activation.SUCCESSFUL
    assert Watched.longest == BLOCK


def test_an_image_transfer_that_is_off_is_switched_on() -> None:
    meter = Meter()
    meter.attributes[18, NAME, 5] = Boolean(False)
    meter.update()
    assert [key for key, _ in meter.written] == [(18, NAME, 5)]


@pytest.mark.parametrize("number", [1, 2])
def test_temporary_failure_is_waited_out(number: int) -> None:
    meter = Meter()
    meter.answers[number] = [BUSY, BUSY]
    assert meter.update(poll_interval=2.0).activation is Activation.SUCCESSFUL
    assert meter.waits == [2.0, 2.0]


def test_temporary_failure_without_end() -> None:
    meter = Meter()
    meter.answers[2] = [BUSY] * 10
    with pytest.raises(TemporaryFailure):
        meter.update(poll_interval=2.0, patience=6.0)
    assert meter.waits == [2.0] * 3


def test_blocks_that_got_lost_are_sent_again() -> None:
    meter = Meter()
    meter.lost = [2, 5, 5]
    update = meter.update()
    assert update.blocks_sent == COUNT + 3
    sent = [loads(argument or b"")[0] for (_, _, number), argument in meter.called if number == 2]
    assert sent == [*range(COUNT), 2, 5, 5]


def test_a_block_that_never_arrives() -> None:
    meter = Meter()
    meter.lost = [3] * 10
    with pytest.raises(ImageTransferError, match="block 3 of 8") as caught:
        meter.update()
    assert caught.value.status is Status.IMAGE_TRANSFER_INITIATED
    assert 3 not in meter.methods_called


def test_a_meter_that_does_not_say_which_blocks_it_has() -> None:
    meter = Meter()
    meter.lost = [6]
    meter.attributes[18, NAME, 3] = DataAccessResult.READ_WRITE_DENIED
    assert meter.update().blocks_sent == COUNT + 2


# ---- resuming -------------------------------------------------------------------------------------------------------


def cut_after(meter: Meter, blocks: int) -> None:
    meter.answers[2] = [*[None] * blocks, ConnectionLost("the wire is cut")]
    with pytest.raises(ConnectionLost):
        meter.update()
    meter.called.clear()


def test_going_on_after_a_lost_connection() -> None:
    meter = Meter()
    cut_after(meter, 5)
    assert meter.update(resume=True) == FirmwareUpdate(Activation.SUCCESSFUL, (NAMED,), 3, COUNT)
    assert meter.methods_called == [2, 2, 2, 3, 4]


def test_without_resume_everything_is_sent_anew() -> None:
    meter = Meter()
    cut_after(meter, 5)
    assert meter.update().blocks_sent == COUNT
    assert meter.methods_called[0] == 1


def test_a_transfer_of_another_size_is_not_gone_on_with() -> None:
    meter = Meter()
    meter.answers[2] = [None, None, ConnectionLost("the wire is cut")]
    with pytest.raises(ConnectionLost):
        meter.run(update_firmware(meter.association(), IMAGE * 2, b"other"))
    meter.called.clear()
    assert meter.update(resume=True).blocks_sent == COUNT
    assert meter.methods_called[0] == 1


def test_an_update_that_is_run_again_goes_on() -> None:
    meter = Meter()
    updating = FirmwareUpdating(IMAGE, IDENTIFIER)
    meter.answers[2] = [*[None] * 5, ConnectionLost("the wire is cut")]
    with pytest.raises(ConnectionLost):
        meter.run(updating.run(meter.association()))
    assert meter.run(updating.run(meter.association())) == FirmwareUpdate(Activation.SUCCESSFUL, (NAMED,), COUNT, COUNT)
    assert meter.methods_called == [1, *[2] * 6, *[2] * 3, 3, 4]


def test_an_update_that_did_not_begin_does_not_go_on_with_another() -> None:
    meter = Meter()
    meter.answers[2] = [ConnectionLost("the wire is cut")]
    with pytest.raises(ConnectionLost):
        meter.run(update_firmware(meter.association(), IMAGE[::-1], b"another"))
    updating = FirmwareUpdating(IMAGE, IDENTIFIER)
    meter.answers[1] = [ConnectionLost("the wire is cut")]
    with pytest.raises(ConnectionLost):
        meter.run(updating.run(meter.association()))
    assert meter.run(updating.run(meter.association())).blocks_sent == COUNT
    assert meter.identifier == IDENTIFIER


def test_all_blocks_were_there_already() -> None:
    meter = Meter()
    cut_after(meter, 7)
    meter.blocks[7] = IMAGE[700:]
    assert meter.update(resume=True).blocks_sent == 0
    assert meter.methods_called == [3, 4]


@pytest.mark.parametrize(
    ("status", "named", "called"),
    [
        (Status.IMAGE_TRANSFER_NOT_INITIATED, False, [1, *[2] * COUNT, 3, 4]),
        (Status.IMAGE_VERIFICATION_INITIATED, True, [4]),
        (Status.IMAGE_VERIFICATION_SUCCESSFUL, True, [4]),
        (Status.IMAGE_VERIFICATION_SUCCESSFUL, False, [1, *[2] * COUNT, 3, 4]),
        (Status.IMAGE_VERIFICATION_FAILED, True, [1, *[2] * COUNT, 3, 4]),
        (Status.IMAGE_ACTIVATION_INITIATED, True, []),
        (Status.IMAGE_ACTIVATION_SUCCESSFUL, True, []),
        (Status.IMAGE_ACTIVATION_SUCCESSFUL, False, [1, *[2] * COUNT, 3, 4]),
        (Status.IMAGE_ACTIVATION_FAILED, True, [1, *[2] * COUNT, 3, 4]),
        (Status(99), True, [1, *[2] * COUNT, 3, 4]),
    ],
)
def test_going_on_from_any_state(status: Status, named: bool, called: list[int]) -> None:
    meter = Meter()
    meter.status = status
    meter.images = [NAMED if named else ImageToActivateInfo(5, b"another", b"")]
    if status is Status.IMAGE_VERIFICATION_INITIATED:
        meter.steps = [status, status, Status.IMAGE_VERIFICATION_SUCCESSFUL]
    if status is Status.IMAGE_ACTIVATION_INITIATED:
        meter.steps = [status, status, Status.IMAGE_ACTIVATION_SUCCESSFUL]
    assert meter.update(resume=True).activation is Activation.SUCCESSFUL
    assert meter.methods_called == called


# ---- verifying ------------------------------------------------------------------------------------------------------


def test_a_verification_that_takes_its_time() -> None:
    meter = Meter()
    meter.answers[3] = [BUSY]
    meter.steps = [Status.IMAGE_VERIFICATION_INITIATED] * 3 + [Status.IMAGE_VERIFICATION_SUCCESSFUL]
    assert meter.update(poll_interval=7.0).activation is Activation.SUCCESSFUL
    assert meter.waits == [7.0] * 3


def test_a_verification_without_end() -> None:
    meter = Meter()
    meter.answers[3] = [BUSY]
    meter.steps = [Status.IMAGE_VERIFICATION_INITIATED] * 9
    with pytest.raises(ImageTransferError, match="still verifying after 30 s") as caught:
        meter.update(patience=30.0, poll_interval=10.0)
    assert caught.value.status is Status.IMAGE_VERIFICATION_INITIATED


def test_a_verification_that_fails_at_once() -> None:
    meter = Meter()
    with pytest.raises(ImageTransferError, match="wrong") as caught:
        meter.run(update_firmware(meter.association(), IMAGE[:-1] + b"?", IDENTIFIER))
    assert caught.value.status is Status.IMAGE_VERIFICATION_FAILED
    assert 4 not in meter.methods_called


def test_a_verification_that_fails_later() -> None:
    meter = Meter()
    meter.answers[3] = [BUSY]
    meter.steps = [Status.IMAGE_VERIFICATION_INITIATED, Status.IMAGE_VERIFICATION_FAILED]
    with pytest.raises(ImageTransferError, match="wrong"):
        meter.update()


def test_a_verification_that_is_not_allowed() -> None:
    meter = Meter()
    meter.answers[3] = [DENIED]
    with pytest.raises(ReadWriteDenied):
        meter.update()


# ---- activating -----------------------------------------------------------------------------------------------------


def test_stopping_before_the_activation() -> None:
    meter = Meter()
    assert meter.update(activate=False) == FirmwareUpdate(Activation.NOT_ASKED, (NAMED,), COUNT, COUNT)
    assert 4 not in meter.methods_called


def test_an_activation_at_a_time() -> None:
    meter = Meter()
    assert meter.update(activate=datetime.datetime(2024, 5, 6, 2, 30)).activation is Activation.SCHEDULED
    assert 4 not in meter.methods_called
    ((key, octets),) = meter.written
    assert key == (22, "0.0.15.0.2.255", 4)
    assert loads(octets) == [(bytes((2, 30, 0, 0)), bytes((0x07, 0xE8, 5, 6, 1)))]


def test_an_image_that_is_not_ours_is_not_activated() -> None:
    meter = Meter()
    other = ImageToActivateInfo(5, b"another", b"")
    meter.attributes[18, NAME, 7] = info_data([other])
    with pytest.raises(ImageTransferError, match="another"):
        meter.update()
    assert 4 not in meter.methods_called
    assert meter.update(approve=lambda images: list(images) == [other]).activation is Activation.SUCCESSFUL


@pytest.mark.parametrize(
    "ours",
    [ImageToActivateInfo(5, IDENTIFIER, b""), ImageToActivateInfo(len(IMAGE), b"the meter's own name for it", b"")],
)
def test_an_image_is_ours_by_its_identifier_or_its_size(ours: ImageToActivateInfo) -> None:
    meter = Meter()
    meter.attributes[18, NAME, 7] = info_data([ImageToActivateInfo(6, b"another", b""), ours])
    assert meter.update().activation is Activation.SUCCESSFUL


@pytest.mark.parametrize("told", [Array(()), DataAccessResult.OBJECT_UNDEFINED, OctetString(b"?")])
def test_a_meter_that_names_no_image(told: Any) -> None:
    meter = Meter()
    meter.attributes[18, NAME, 7] = told
    assert meter.update() == FirmwareUpdate(Activation.SUCCESSFUL, (), COUNT, COUNT)
    with pytest.raises(ImageTransferError, match="none is named"):
        meter.update(approve=bool)


def test_an_activation_that_takes_its_time() -> None:
    meter = Meter()
    meter.answers[4] = [BUSY]
    meter.steps = [Status.IMAGE_ACTIVATION_INITIATED] * 2 + [Status.IMAGE_ACTIVATION_SUCCESSFUL]
    assert meter.update().activation is Activation.SUCCESSFUL
    assert len(meter.waits) == 2


@pytest.mark.parametrize("at_once", [True, False])
def test_an_activation_that_fails(at_once: bool) -> None:
    meter = Meter()
    meter.answers[4] = [OTHER if at_once else BUSY]
    meter.steps = [Status.IMAGE_ACTIVATION_FAILED]
    with pytest.raises(ImageTransferError, match="could not activate") as caught:
        meter.update()
    assert caught.value.status is Status.IMAGE_ACTIVATION_FAILED


def test_an_activation_that_is_refused() -> None:
    meter = Meter()
    meter.answers[4] = [DENIED]
    with pytest.raises(ReadWriteDenied):
        meter.update()


def test_a_meter_that_starts_anew_leaves_it_unknown() -> None:
    meter = Meter()
    meter.answers[4] = [ConnectionLost("reset by peer")]
    assert meter.update().activation is Activation.UNKNOWN


def test_a_meter_that_starts_anew_while_it_is_asked() -> None:
    meter = Meter()
    meter.answers[4] = [BUSY]

    def status(_: Any) -> Data:
        raise ConnectionLost("reset by peer")

    meter.attributes[18, NAME, 6] = status
    assert meter.update().activation is Activation.UNKNOWN


def test_a_meter_that_forgot_the_transfer_after_it_started_anew() -> None:
    meter = Meter()
    meter.answers[4] = [BUSY]
    meter.steps = [Status.IMAGE_ACTIVATION_INITIATED, Status.IMAGE_TRANSFER_NOT_INITIATED]
    assert meter.update().activation is Activation.UNKNOWN


# ---- what cannot be ------------------------------------------------------------------------------------------------


def test_an_empty_image() -> None:
    with pytest.raises(ConfigurationError, match="1 to"):
        Meter().update(b"")


def test_an_image_of_one_octet() -> None:
    assert Image(b"x", IDENTIFIER).block(0, BLOCK) == b"x"


@pytest.mark.parametrize("interval", [0, -1.0])
def test_a_meter_is_not_asked_without_pause(interval: float) -> None:
    with pytest.raises(ConfigurationError, match="poll_interval is above 0"):
        FirmwareUpdating(IMAGE, IDENTIFIER, poll_interval=interval)


def test_a_file_that_shrinks() -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size)[:10]

    with pytest.raises(ConfigurationError, match="shorter"):
        Meter().update(Shrinking(IMAGE))


def test_a_block_size_of_nothing() -> None:
    meter = Meter()
    meter.block_size = 0
    with pytest.raises(ImageTransferError, match="image_block_size"):
        meter.update()


def test_a_status_that_is_none() -> None:
    meter = Meter()
    meter.answers[3] = [BUSY]
    meter.attributes[18, NAME, 6] = OctetString(b"ready")
    with pytest.raises(ImageTransferError, match="image_transfer_status"):
        meter.update()


def test_a_first_block_below_nothing_is_no_block() -> None:
    meter = Meter()
    meter.attributes[18, NAME, 4] = DoubleLong(-1)
    meter.update()
    assert len(meter.blocks) == COUNT


def test_no_such_object() -> None:
    with pytest.raises(ObjectUndefined):
        ScriptedMeter().run(update_firmware(ScriptedMeter().association(), IMAGE, IDENTIFIER))

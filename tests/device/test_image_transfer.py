"""Image transfer of a device: what a client may do in which state, and what becomes of the image."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Any

import pytest
from tests.association.meter import MANAGER, answers, session
from tests.association.scripted import Wire
from tests.device.hands import World

from dlms.association.client import ClientAssociation
from dlms.association.firmware import Activation, FirmwareUpdating
from dlms.association.opening import Proposal
from dlms.cosem.classes import ImageTransfer, ScriptTable, SingleActionSchedule
from dlms.cosem.classes.access_control import ImageBlock, ImageToActivateInfo, ImageTransferInitiate
from dlms.cosem.classes.time_and_events import Script, ScriptAction
from dlms.cosem.types import ActionItem
from dlms.data import Boolean, Integer, OctetString
from dlms.device.clock import LiveClock
from dlms.device.image_transfer import LiveImageTransfer, TransferredImage
from dlms.device.script_table import LiveScriptTable
from dlms.device.single_action_schedule import LiveSingleActionSchedule
from dlms.enumerations import ImageTransferStatus as Status
from dlms.enumerations import ScriptServiceId
from dlms.errors import ConfigurationError
from dlms.security import Security
from dlms.service_errors import OtherReason, ReadWriteDenied, ServiceError, TemporaryFailure, TypeUnmatched

TRANSFER = ImageTransfer("0.0.44.0.0.255")
IMAGE = bytes(range(256)) * 2
BLOCK = 100
COUNT = 6
WHOLE = ImageToActivateInfo(len(IMAGE), b"FW-2", b"")


class Meter(World):
    """A device that takes images; `refuse` is raised by its verification, `broken` by its activation."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.refuse: Exception | None = None
        self.broken: Exception | None = None
        self.named: list[ImageToActivateInfo] | None = None
        self.running = b""
        functions: dict[str, Any] = {"verify": self._verify, "activate": self._activate}
        self.part = self.device.install(
            LiveImageTransfer(self.device, **functions | {"block_size": BLOCK, "longest_image": 1000} | options)
        )

    def _verify(self, image: TransferredImage) -> list[ImageToActivateInfo] | None:
        assert image.identifier == b"FW-2"
        if self.refuse is not None:
            raise self.refuse
        return self.named

    def _activate(self, image: TransferredImage) -> None:
        if self.broken is not None:
            raise self.broken
        self.running = image.octets

    def initiate(self, size: int = len(IMAGE), identifier: bytes = b"FW-2") -> None:
        self.call(TRANSFER.image_transfer_initiate, ImageTransferInitiate(identifier, size))

    def block(self, number: int, octets: bytes | None = None) -> None:
        octets = IMAGE[number * BLOCK : (number + 1) * BLOCK] if octets is None else octets
        self.call(TRANSFER.image_block_transfer, ImageBlock(number, octets))

    def filled(self) -> None:
        self.initiate()
        for number in range(COUNT):
            self.block(number)

    def verify(self) -> None:
        self.call(TRANSFER.image_verify, 0)

    def activate(self) -> None:
        self.call(TRANSFER.image_activate, 0)

    @property
    def status(self) -> Status:
        found = self.get(TRANSFER.image_transfer_status)
        assert isinstance(found, Status)
        return found

    async def finish(self) -> None:
        """What a server does with what a part has begun."""
        while self.device.unfinished:
            await self.device.unfinished.popleft()


def test_an_image_from_the_first_block_to_its_activation() -> None:
    meter = Meter()
    assert meter.status is Status.IMAGE_TRANSFER_NOT_INITIATED
    assert meter.get(TRANSFER.image_block_size) == BLOCK
    assert meter.get(TRANSFER.image_transfer_enabled) is True
    assert meter.get(TRANSFER.image_transferred_blocks_status) == ""
    assert meter.get(TRANSFER.image_to_activate_info) == []
    meter.initiate()
    assert meter.status is Status.IMAGE_TRANSFER_INITIATED
    assert meter.get(TRANSFER.image_transferred_blocks_status) == "000000"
    for number in (0, 1, 5, 3):
        meter.block(number)
    assert meter.get(TRANSFER.image_transferred_blocks_status) == "110101"
    assert meter.get(TRANSFER.image_first_not_transferred_block_number) == 2
    meter.block(2)
    meter.block(4)
    assert meter.get(TRANSFER.image_first_not_transferred_block_number) == COUNT
    meter.verify()
    assert meter.status is Status.IMAGE_VERIFICATION_SUCCESSFUL
    assert meter.get(TRANSFER.image_to_activate_info) == [WHOLE]
    meter.activate()
    assert meter.status is Status.IMAGE_ACTIVATION_SUCCESSFUL
    assert meter.running == IMAGE
    assert meter.get(TRANSFER.image_transferred_blocks_status) == "111111"


def test_the_device_names_what_it_would_activate() -> None:
    meter = Meter()
    meter.named = [ImageToActivateInfo(12, b"part one", b"s1"), ImageToActivateInfo(500, b"part two", b"s2")]
    meter.filled()
    meter.verify()
    assert meter.get(TRANSFER.image_to_activate_info) == meter.named


def test_activation_verifies_what_was_not() -> None:
    meter = Meter()
    meter.filled()
    meter.activate()
    assert meter.running == IMAGE


def test_another_initiation_begins_anew() -> None:
    meter = Meter()
    meter.filled()
    meter.verify()
    meter.initiate(150)
    assert meter.status is Status.IMAGE_TRANSFER_INITIATED
    assert meter.get(TRANSFER.image_transferred_blocks_status) == "00"
    assert meter.get(TRANSFER.image_to_activate_info) == []


def test_a_block_that_comes_again_takes_the_place_of_the_former() -> None:
    meter = Meter()
    meter.filled()
    meter.block(1, bytes(BLOCK))
    meter.activate()
    assert meter.running == IMAGE[:100] + bytes(100) + IMAGE[200:]


# ---- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1001, 0xFFFF_FFFF])
def test_sizes_that_no_image_has(size: int) -> None:
    meter = Meter()
    with pytest.raises(OtherReason):
        meter.initiate(size)
    assert meter.status is Status.IMAGE_TRANSFER_NOT_INITIATED


@pytest.mark.parametrize(
    ("number", "octets"),
    [
        (COUNT, bytes(BLOCK)),
        (0xFFFF_FFFF, b""),
        (0, bytes(BLOCK - 1)),
        (0, bytes(BLOCK + 1)),
        (0, b""),
        (5, bytes(BLOCK)),
        (5, bytes(11)),
        (5, bytes(13)),
    ],
)
def test_blocks_that_do_not_belong(number: int, octets: bytes) -> None:
    meter = Meter()
    meter.initiate()
    with pytest.raises(OtherReason):
        meter.block(number, octets)
    assert meter.get(TRANSFER.image_transferred_blocks_status) == "000000"


@pytest.mark.parametrize("act", [lambda m: m.block(0), Meter.verify, Meter.activate])
def test_nothing_without_an_initiation(act: Any) -> None:
    meter = Meter()
    with pytest.raises(OtherReason):
        act(meter)
    assert meter.status is Status.IMAGE_TRANSFER_NOT_INITIATED


@pytest.mark.parametrize("act", [Meter.verify, Meter.activate])
def test_an_incomplete_image_can_still_be_completed(act: Any) -> None:
    meter = Meter()
    meter.initiate()
    meter.block(0)
    with pytest.raises(OtherReason):
        act(meter)
    assert meter.status is Status.IMAGE_TRANSFER_INITIATED
    for number in range(1, COUNT):
        meter.block(number)
    meter.activate()


@pytest.mark.parametrize(
    "act", [Meter.initiate, lambda m: m.block(0), Meter.verify, Meter.activate], ids=["initiate", "block", "v", "a"]
)
def test_nothing_while_it_is_not_enabled(act: Any) -> None:
    meter = Meter()
    meter.filled()
    meter.set(TRANSFER.image_transfer_enabled, False)
    with pytest.raises(ReadWriteDenied):
        act(meter)
    meter.set(TRANSFER.image_transfer_enabled, True)
    meter.activate()


def test_no_blocks_after_the_verification() -> None:
    meter = Meter()
    meter.filled()
    meter.verify()
    with pytest.raises(OtherReason):
        meter.block(0)


def test_an_activation_is_not_repeated() -> None:
    meter = Meter()
    meter.filled()
    meter.activate()
    with pytest.raises(OtherReason):
        meter.activate()


@pytest.mark.parametrize("method", [1, 2, 3, 4])
@pytest.mark.parametrize("argument", [None, Boolean(True), OctetString(b"FW-2")])
def test_arguments_of_another_type(method: int, argument: Any) -> None:
    meter = Meter()
    meter.initiate()
    refs = (TRANSFER.image_transfer_initiate, TRANSFER.image_block_transfer, TRANSFER.image_verify,
            TRANSFER.image_activate)  # fmt: skip
    with pytest.raises(TypeUnmatched):
        meter.call(refs[method - 1], argument)


def test_a_block_size_of_nothing() -> None:
    with pytest.raises(ConfigurationError):
        Meter(block_size=0)


# ---- what fails -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OtherReason(), ValueError("a bad signature")])
def test_an_image_that_is_wrong(error: Exception) -> None:
    meter = Meter()
    meter.refuse = error
    meter.filled()
    for act in (meter.verify, meter.activate):
        with pytest.raises(OtherReason):
            act()
        assert meter.status is Status.IMAGE_VERIFICATION_FAILED
    assert meter.running == b""
    meter.refuse = None
    meter.filled()
    meter.activate()


def test_an_activation_that_fails_may_be_tried_again() -> None:
    meter = Meter()
    meter.broken = OSError("no room")
    meter.filled()
    with pytest.raises(OtherReason):
        meter.activate()
    assert meter.status is Status.IMAGE_ACTIVATION_FAILED
    meter.broken = None
    meter.activate()
    assert meter.running == IMAGE


# ---- what takes longer ----------------------------------------------------------------------------------------------


class SlowMeter(Meter):
    """Verification and activation wait for `go`."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        super().__init__(verify=self._verify_slowly, activate=self._activate_slowly)

    async def _verify_slowly(self, image: TransferredImage) -> list[ImageToActivateInfo] | None:
        await self.go.wait()
        return self._verify(image)

    async def _activate_slowly(self, image: TransferredImage) -> None:
        await self.go.wait()
        self._activate(image)


def slowly(act: Any, under_way: Status) -> SlowMeter:
    async def run() -> SlowMeter:
        meter = SlowMeter()
        meter.filled()
        with pytest.raises(TemporaryFailure):
            act(meter)
        assert meter.status is under_way
        for busy in (meter.initiate, lambda: meter.block(0), meter.verify, meter.activate):
            with pytest.raises(TemporaryFailure):
                busy()
        finishing = asyncio.create_task(meter.finish())
        await asyncio.sleep(0)
        assert meter.status is under_way
        meter.go.set()
        await finishing
        return meter

    return asyncio.run(run())


def test_a_verification_that_goes_on_by_itself() -> None:
    assert slowly(Meter.verify, Status.IMAGE_VERIFICATION_INITIATED).status is Status.IMAGE_VERIFICATION_SUCCESSFUL


def test_an_activation_that_goes_on_by_itself_verification_and_all() -> None:
    meter = slowly(Meter.activate, Status.IMAGE_VERIFICATION_INITIATED)
    assert meter.status is Status.IMAGE_ACTIVATION_SUCCESSFUL
    assert meter.running == IMAGE


@pytest.mark.parametrize(
    ("what", "status"),
    [("refuse", Status.IMAGE_VERIFICATION_FAILED), ("broken", Status.IMAGE_ACTIVATION_FAILED)],
)
def test_what_goes_on_by_itself_may_fail(what: str, status: Status) -> None:
    async def run() -> Status:
        meter = SlowMeter()
        setattr(meter, what, ServiceError())
        meter.filled()
        with pytest.raises(TemporaryFailure):
            meter.activate()
        meter.go.set()
        await meter.finish()
        return meter.status

    assert asyncio.run(run()) is status


def test_a_verification_that_is_given_up_has_failed() -> None:
    async def run() -> Status:
        meter = SlowMeter()
        meter.filled()
        with pytest.raises(TemporaryFailure):
            meter.verify()
        rest: Awaitable[object] = meter.device.unfinished.popleft()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rest, 0.01)
        return meter.status

    assert asyncio.run(run()) is Status.IMAGE_VERIFICATION_FAILED


# ---- at a time ------------------------------------------------------------------------------------------------------


def test_an_activation_that_a_client_has_put_on_the_schedule() -> None:
    meter = Meter()
    clock = meter.device.install(LiveClock(meter.device, time=meter.time))
    table, schedule = ScriptTable("0.0.10.0.107.255"), SingleActionSchedule("0.0.15.0.2.255")
    activation = ScriptAction(ScriptServiceId.EXECUTE_METHOD, 18, TRANSFER.logical_name, 4, Integer(0))
    meter.device.install(LiveScriptTable(meter.device, table, [Script(1, [activation])]))
    script = ActionItem(table.logical_name, 1)
    meter.device.install(LiveSingleActionSchedule(meter.device, schedule, script, clock=clock))
    of = session(meter.device, MANAGER)
    wire = Wire(lambda octets: answers(of.respond(octets, 0.0)))
    association = ClientAssociation(Proposal(security=Security()))
    wire.run(association.open())
    two_at_night = datetime(2023, 11, 15, 2, 0)  # the world begins the evening before
    update = wire.run(FirmwareUpdating(IMAGE, b"FW-2", activate=two_at_night).run(association))
    assert (update.activation, update.images) == (Activation.SCHEDULED, (WHOLE,))
    meter.run(3 * 3600)
    assert meter.running == b""
    meter.run(3600)
    assert meter.running == IMAGE
    assert meter.status is Status.IMAGE_ACTIVATION_SUCCESSFUL

"""Push setup: what is pushed, when, protected how, and again after a failure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.association.meter import AUTHENTICATION_KEY, ENCRYPTION_KEY, KEYS
from tests.device.hands import START, World

from dlms.apdu import decode
from dlms.apdu.ciphering import GeneralGloCiphering
from dlms.apdu.notification import DataNotification
from dlms.association.server.clients import ServedClient
from dlms.association.server.parts import Push
from dlms.cosem.classes import (
    Clock,
    Data,
    ProfileGeneric,
    PushSetup,
    PushSetupV0,
    PushSetupV1,
    PushSetupV2,
    Register,
    ScriptTable,
    SingleActionSchedule,
)
from dlms.cosem.classes.push import RepetitionDelay, SendDestinationAndMethod
from dlms.cosem.classes.time_and_events import ExecutionTime, Script, ScriptAction
from dlms.cosem.types import (
    ActionItem,
    CaptureObjectDefinition,
    KeyInfo,
    ProtectionOptions,
    ProtectionParameters,
    RestrictedObjectDefinition,
    Restriction,
    Window,
)
from dlms.data import DoubleLongUnsigned, Integer, NullData, OctetString, Structure, Unsigned
from dlms.datetime import CosemDate, CosemDateTime, CosemTime, from_datetime, to_datetime
from dlms.device.clock import LiveClock
from dlms.device.profile_generic import LiveProfile
from dlms.device.push_setup import AnyPushSetup, LivePushSetup, PushTimes
from dlms.device.script_table import LiveScriptTable
from dlms.device.single_action_schedule import LiveSingleActionSchedule
from dlms.enumerations import (
    KeyInfoType,
    ProtectionType,
    PushMessageType,
    PushTransportService,
    RestrictionType,
    ScriptServiceId,
)
from dlms.security.context import SecurityContext
from dlms.security.counters import MemoryCounterStore, ReplayRule
from dlms.security.keys import Key
from dlms.security.protection import Protection
from dlms.service_errors import OtherReason

ENERGY, SERIAL = Register("1.0.1.8.0.255"), Data("0.0.96.1.0.255")
PROFILE, CLOCK = ProfileGeneric("1.0.99.1.0.255"), Clock("0.0.1.0.0.255")
NAME = "0.0.25.9.0.255"
HEAD_END = SendDestinationAndMethod(
    PushTransportService.TCP, b"192.0.2.1:4059", PushMessageType.A_XDR_ENCODED_XDLMS_APDU
)
PUSH_CLIENT = 103
UTC = ZoneInfo("UTC")
VERSIONS = [PushSetupV0, PushSetupV1, PushSetupV2, PushSetup]
OBJECTS = [
    CaptureObjectDefinition(1, SERIAL.logical_name, 2, 0),
    CaptureObjectDefinition(3, ENERGY.logical_name, 2, 0),
]


def restricted(of: CaptureObjectDefinition, restriction: Restriction | None = None) -> RestrictedObjectDefinition:
    none = Restriction(RestrictionType.NONE, NullData())
    return RestrictedObjectDefinition(
        of.class_id, of.logical_name, of.attribute_index, of.data_index, restriction or none
    )


def pushing(
    setup: AnyPushSetup, objects: list[CaptureObjectDefinition] | None = None, **options: object
) -> tuple[World, LivePushSetup]:
    world = World()
    clock = world.device.install(LiveClock(world.device, time=world.time))
    world.device[ENERGY.value] = DoubleLongUnsigned(4711)
    world.device[SERIAL.value] = OctetString(b"DLM1")
    wanted = OBJECTS if objects is None else objects
    part = LivePushSetup(
        world.device,
        setup,
        wanted if isinstance(setup, PushSetupV0) else [restricted(of) for of in wanted],
        HEAD_END,
        **{"clock": clock, "client": PUSH_CLIENT, "random": lambda: 0.5, **options},  # type: ignore[arg-type]
    )
    return world, world.device.install(part)


def taken(world: World) -> list[Push]:
    """What the device wants carried away."""
    found = [of for of in world.device.notifications if isinstance(of, Push)]
    world.device.notifications.clear()
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_push_carries_the_values_of_its_objects(version: type[AnyPushSetup]) -> None:
    world, part = pushing(version(NAME))
    world.call(part.setup.push, 0)
    assert taken(world) == []
    world.run(0)
    (push,) = taken(world)
    assert (push.destination, push.client, push.server) == ("tcp://192.0.2.1:4059", PUSH_CLIENT, 1)
    message = decode(push.octets)
    assert isinstance(message, DataNotification)
    assert message.long_invoke_id_and_priority == 1
    assert message.date_time is not None
    assert to_datetime(message.date_time).timestamp() == START
    assert message.notification_body == Structure((OctetString(b"DLM1"), DoubleLongUnsigned(4711)))
    assert world.get(part.setup.send_destination_and_method) == HEAD_END


def test_what_cannot_be_read_all_attributes_and_elements() -> None:
    missing = CaptureObjectDefinition(3, Register("9.9.9.9.9.9").logical_name, 2, 0)
    every = CaptureObjectDefinition(3, ENERGY.logical_name, 0, 0)
    own = CaptureObjectDefinition(40, Data(NAME).logical_name, 1, 0)
    pair = Data("0.0.96.1.9.255")
    elements = [CaptureObjectDefinition(1, pair.logical_name, 2, index) for index in (2, 3)]
    world, part = pushing(PushSetupV0(NAME), [missing, every, own, *elements])
    world.device[pair.value] = Structure((Unsigned(1), Unsigned(2)))
    part.push()
    world.run(0)
    message = decode(taken(world)[0].octets)
    assert isinstance(message, DataNotification)
    assert message.notification_body.value == (
        None, (ENERGY.logical_name, 4711, None), part.setup.logical_name, 2, None
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "ends", "minutes"),
    [
        (RestrictionType.BY_ENTRY, (DoubleLongUnsigned(2), DoubleLongUnsigned(3)), [2, 3]),
        (RestrictionType.BY_DATE, (1, 3), [1, 2, 3]),
        (RestrictionType.NONE, None, [1, 2, 3, 4]),
    ],
)
def test_rows_of_a_profile_by_restriction(
    kind: RestrictionType, ends: tuple[object, object] | None, minutes: list[int]
) -> None:
    world, part = pushing(PushSetup(NAME))
    setup = part.setup
    assert isinstance(setup, PushSetup)
    profile = LiveProfile(world.device, PROFILE, [CLOCK.time], clock=part._clock, capture_period=60)
    world.device.install(profile)
    world.run(4 * 60)
    stamps = [row[0] for row in world.get(PROFILE.buffer).value]
    if kind is RestrictionType.BY_DATE:
        ends = tuple(OctetString(stamps[end - 1]) for end in (1, 3))  # type: ignore[assignment]
    value = NullData() if ends is None else Structure(ends)  # type: ignore[arg-type]
    buffer = CaptureObjectDefinition(7, PROFILE.logical_name, 2, 0)
    world.set(setup.push_object_list, [restricted(buffer, Restriction(kind, value))])
    part.push()
    world.run(0)
    message = decode(taken(world)[0].octets)
    assert isinstance(message, DataNotification)
    assert message.notification_body.value == ([(stamps[minute - 1],) for minute in minutes],)


def test_a_push_ciphered_as_the_program_or_the_setup_says() -> None:
    world, part = pushing(PushSetup(NAME), protection=Protection.ENCRYPTED)
    world.device.serve(ServedClient(PUSH_CLIENT, **KEYS))
    setup = part.setup
    assert isinstance(setup, PushSetup)
    peer = SecurityContext(
        own_title=b"CLIENT01",
        peer_title=b"DLM\0\0\0\0\1",
        protection=Protection.ENCRYPTED,
        encryption_key=Key(ENCRYPTION_KEY),
        authentication_key=Key(AUTHENTICATION_KEY),
        counters=MemoryCounterStore(),
        replay=ReplayRule("per_association"),
    )
    options = ProtectionOptions(b"", b"", b"", b"", KeyInfo(KeyInfoType.IDENTIFIED_KEY, NullData()))
    layer = ProtectionParameters(ProtectionType.AUTHENTICATION_AND_ENCRYPTION, options)
    for control, parameters in ((0x20, []), (0x30, [layer])):
        world.set(setup.push_protection_parameters, parameters)
        part.push()
        world.run(0)
        message = decode(taken(world)[0].octets)
        assert isinstance(message, GeneralGloCiphering)
        assert message.system_title == b"DLM\0\0\0\0\1"
        assert message.ciphered_content.security_control == control
        assert isinstance(decode(peer.unprotect(message)), DataNotification)


@pytest.mark.parametrize("what", ["no key", "signature", "FTP"])
def test_what_cannot_be_sent_is_logged(what: str, caplog: pytest.LogCaptureFixture) -> None:
    world, part = pushing(PushSetup(NAME), protection=Protection.ENCRYPTED if what == "no key" else Protection.NONE)
    setup = part.setup
    assert isinstance(setup, PushSetup)
    if what == "signature":
        options = ProtectionOptions(b"", b"", b"", b"", KeyInfo(KeyInfoType.IDENTIFIED_KEY, NullData()))
        world.set(setup.push_protection_parameters, [ProtectionParameters(ProtectionType.DIGITAL_SIGNATURE, options)])
    if what == "FTP":
        world.set(
            setup.send_destination_and_method,
            SendDestinationAndMethod(PushTransportService.FTP, b"", PushMessageType.A_XDR_ENCODED_XDLMS_APDU),
        )
    part.push()
    world.run(0)
    assert taken(world) == []
    assert "cannot push" in caplog.text


@pytest.mark.parametrize("version", [PushSetupV1, PushSetup])
def test_failures_are_repeated_after_a_delay(version: type[AnyPushSetup]) -> None:
    delay = RepetitionDelay(10, 200, 30)
    world, part = pushing(version(NAME), times=PushTimes(number_of_retries=3, repetition_delay=delay))
    part.push()
    sent: list[float] = []
    for _ in range(5):
        world.run(100)
        for push in taken(world):
            sent.append(world.now)
            push.sent(False)
    # World.run looks every 100 s only: what counts is when the part was due.
    assert len(sent) == 4
    part.push()
    world.run(0)
    (push,) = taken(world)
    push.sent(True)
    assert world.device.next_timer() is None
    delays = []
    part.push()
    for _ in range(4):
        at = world.device.next_timer()
        assert at is not None
        delays.append(at - world.now)
        world.run(delays[-1])
        taken(world)[0].sent(False)
    assert delays == ([0, 10, 10, 10] if version is PushSetupV1 else [0, 10, 20, 30])
    assert world.device.next_timer() is None


def test_a_delay_that_grows_beyond_all_numbers_is_the_longest() -> None:
    delay = RepetitionDelay(60, 65535, 2)
    world, part = pushing(PushSetup(NAME), times=PushTimes(number_of_retries=255, repetition_delay=delay))
    part.push()
    for failures in range(256):
        world.run(2)
        for push in taken(world):
            push.sent(False)
        assert (world.device.next_timer() is None) is (failures == 255)


def test_windows_and_randomisation() -> None:
    daily = Window(
        CosemDateTime(hour=2, minute=0, second=0, hundredths=0), CosemDateTime(hour=3, minute=0, second=0, hundredths=0)
    )
    times = PushTimes(communication_window=[daily], randomisation_start_interval=600)
    world, part = pushing(PushSetupV0(NAME), times=times)
    part.push()
    at = world.device.next_timer()
    assert at is not None
    assert datetime.fromtimestamp(at, UTC) == datetime(2023, 11, 15, 2, 5, tzinfo=UTC)
    world.run(at + 600 - world.now)
    assert len(taken(world)) == 1
    part.push()  # the window is open
    assert world.device.next_timer() == world.now + 300
    past = Window(*(from_datetime(datetime(2000, 1, day, tzinfo=UTC)) for day in (1, 2)))
    world.set(part.setup.communication_window, [past])
    with pytest.raises(OtherReason):
        world.call(part.setup.push, 0)


def test_a_schedule_pushes_through_a_script_and_reset_forgets() -> None:
    world, part = pushing(PushSetup(NAME))
    setup = part.setup
    assert isinstance(setup, PushSetup)
    table = ScriptTable("0.0.10.0.108.255")
    action = ScriptAction(ScriptServiceId.EXECUTE_METHOD, 40, setup.logical_name, 1, Integer(0))
    world.device.install(LiveScriptTable(world.device, table, [Script(1, [action])]))
    hourly = [ExecutionTime(CosemTime(minute=0, second=0, hundredths=0), CosemDate())]
    single = SingleActionSchedule("0.0.15.0.4.255")
    item = ActionItem(table.logical_name, 1)
    world.device.install(LiveSingleActionSchedule(world.device, single, item, hourly, clock=part._clock))
    world.run(3 * 3600)
    assert [decode(push.octets).long_invoke_id_and_priority for push in taken(world)] == [1, 2, 3]  # type: ignore[union-attr]
    part.push()
    world.call(setup.reset, 0)
    world.run(10)
    assert taken(world) == []

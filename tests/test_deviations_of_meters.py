"""How meters deviate from the books, as users of other libraries met it: what becomes of each here, and what proves it.

Every row of MET has an answer: accepted without being asked for (`accepted`), spoken to by a named quirk (its name), by
what the caller gives (`caller`), or left alone for a reason. The tests that prove it stand beside it; those at the end
of this file had no other place.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from tests.association.scripted import negotiated, script
from tests.association.test_quirks import ATTRIBUTE

import dlms
from dlms.apdu import decode, encode
from dlms.apdu.action import ActionResponseWithPblock
from dlms.apdu.ciphering import GeneralGloCiphering
from dlms.apdu.exception import ExceptionResponse
from dlms.apdu.get import CosemMethodDescriptor, DataBlockSA
from dlms.apdu.notification import DataNotification
from dlms.association import services
from dlms.association.effects import ANSWER, SetAside
from dlms.association.exchange import opened
from dlms.association.opening import Proposal, open_association
from dlms.association.values import Misfit, value_of
from dlms.cosem.classes import Clock, Register, ScriptTable
from dlms.cosem.profile import unpack_profile
from dlms.data import loads
from dlms.datetime import CosemTime
from dlms.errors import AssociationRejected, Downgrade, ProtocolError
from dlms.link.base import Disconnected
from dlms.link.framing import discover
from dlms.link.hdlc import HdlcLink
from dlms.link.hdlc_settings import HdlcSettings
from dlms.link.telegram import Telegram
from dlms.quirks import Quirks
from dlms.security import Key, KeyRing, KeySet, Security
from dlms.security.ciphered import open_ciphered
from dlms.security.context import SecurityContext
from dlms.security.counters import MemoryCounterStore, ReplayRule
from dlms.security.protection import Protection
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet


@dataclass(frozen=True, slots=True)
class Met:
    """What was met, what becomes of it (names of quirks, or the words above), and the tests: `file::test`, or the name
    of a test of this file."""

    what: str
    answer: str
    tests: tuple[str, ...] = ()


HDLC, READER, LINK = "core/test_hdlc.py", "core/test_hdlc_reader.py", "link/test_hdlc_link.py"
FRAMING, QUIRKS, SESSIONS = "link/test_framing.py", "association/test_quirks.py", "association/test_sessions.py"
DEVIATIONS, PROFILE, ROWS = "apdu/test_deviations.py", "cosem/test_profile.py", "association/test_profile_reading.py"
OBJECTS = "association/test_objects.py"
TELEGRAMS = "test_corpus.py::test_from_octets_to_values"

MET: dict[str, Met] = {
    "1": Met("7E within a frame; links that stuff octets", "accepted; HdlcSettings.transparency",
             (f"{READER}::test_frames_of_a_clean_line", "core/test_transparency.py::test_published")),
    "2": Met("flags shared, missing or doubled; garbage between frames", "accepted",
             (f"{READER}::test_octets_that_are_no_frame", f"{READER}::test_a_line_without_its_first_flag")),
    "3": Met("the echo of our own octets", "accepted", (f"{LINK}::test_our_own_octets_come_back",)),
    "4": Met("addresses of mixed sizes", "accepted", (f"{HDLC}::test_kaifa_addresses_of_mixed_sizes",)),
    "5": Met("an answer from an address of another size; broadcast addresses", "accepted",
             (f"{LINK}::test_another_address_size_is_the_same_station", f"{HDLC}::test_matching_stations")),
    "6": Met("pushes in I frames, and in UI frames without the final bit; control octets that are none", "accepted",
             (f"{HDLC}::test_every_control_octet_is_kept", "link/test_framing_corpus.py::test_captures")),
    "7": Met("segments with LLC in the first one only; blocks of general-block-transfer in UI frames", "accepted",
             (f"{FRAMING}::test_each_framing", "link/test_framing_corpus.py::test_captures")),
    "8": Met("several APDUs in one information field", "accepted",
             (f"{FRAMING}::test_several_apdus_in_one_information_field",)),
    "9": Met("a push abandoned and begun again; blocks twice or out of order", "accepted",
             ("link/test_block_transfer.py::test_a_transfer_abandoned_and_begun_again",
              "link/test_block_transfer.py::test_out_of_order_without_anyone_to_send_again",
              f"{FRAMING}::test_directions_are_kept_apart")),
    "10": Met("check sequences that are zero", "accepted by a listener, as a telegram that is not complete",
              (f"{FRAMING}::test_a_damaged_frame_gives_what_was_readable",)),
    "11": Met("a frame length that is wrong", "accepted: the frame is a fault, what follows is read",
              (f"{READER}::test_a_frame_inside_the_frame_that_lost_octets",)),
    "12": Met("M-Bus lengths modulo 256, a length of 0, numbers of segments", "accepted",
              ("core/test_mbus.py::test_lengths_count_modulo_256",
               "core/test_mbus.py::test_length_0_means_256_or_what_the_checksum_says",
               "core/test_mbus.py::test_segments")),
    "13": Met("garbage for an answer to DISC, none at all, no RLRQ, DM at any time",
              "disconnect_unanswered, release_omitted; the rest accepted",
              (f"{LINK}::test_what_ends_a_connection", "shells/test_bad_wires.py::test_other_harm",
               f"{QUIRKS}::test_release_omitted", "test_leaving_does_not_wait_for_an_answer")),
    "14": Met("a pause is needed around a change of speed", "caller: LineTiming.change",
              ("transport/test_dialogue.py::test_mode_e",)),
    "15": Met("SNRM has to state its parameters", "hdlc_parameters_always_sent", (f"{SESSIONS}::test_replayed",
              "test_parameters_are_stated_though_they_are_the_defaults")),
    "16": Met("the sign-on needs the device address", "caller: the option device of the URL",
              ("shells/test_serial_lines.py::test_a_meter_behind_the_sign_on_of_mode_e",)),
    "17": Met("physical addresses made of the serial number, by formulas of each maker",
              "caller: the option physical of the URL", ("transport/test_url.py::test_what_it_says",)),
    "18": Met("a WPDU octet by octet; a connection that is never shut down", "accepted",
              ("core/test_wrapper.py::test_events_do_not_depend_on_the_division",
               "shells/test_clients.py::test_silence_ends_at_the_deadline")),
    "19": Met("an AARE that rejects without user-information, or with an invalid one", "accepted",
              ("test_a_rejection_needs_no_user_information",)),
    "20": Met("HLS 2 of the maker's own; no challenge from the meter",
              "caller: manufacturer_reply; without a challenge refused, for the meter would prove nothing",
              ("security/test_hls.py::test_the_manufacturers_own", "test_hls_without_a_challenge_is_refused")),
    "21": Met("counters that the meter holds to be out of step, in objects of many names",
              "caller: synchronise_counter",
              ("association/test_clock_and_counter.py::test_the_counter_that_the_meter_holds_is_read",
               "shells/test_persistence.py::test_the_counter_goes_on_above_what_the_meter_accepted")),
    "22": Met("general-glo-ciphering without a title, or with another than the nonce has",
              "accepted; KeySet.system_title",
              ("test_no_title_in_general_glo_ciphering", f"{FRAMING}::test_a_dsmr_telegram_around_untagged_ciphering")),
    "23": Met("encryption without a tag, suite 1 with keys of suite 0, a tag that nobody can check",
              "accepted; accept_unchecked",
              ("test_suite_1_in_the_security_control_of_suite_0",
               "security/test_ciphered.py::test_general_carries_its_title", TELEGRAMS)),
    "24": Met("errors that come unciphered", "accepted", ("test_an_error_may_come_unciphered",)),
    "25": Met("lengths in more octets than they need; octets behind a ciphered APDU", "accepted",
              (f"{DEVIATIONS}::test_sent",)),
    "26": Met("lists refused though agreed on", "accepted",
              ("association/test_access.py::test_lists_that_are_refused_are_not_tried_again",)),
    "27": Met("a calling-AP-title that is not wanted, or is", "caller: client_system_title",
              (f"{QUIRKS}::test_no_title_goes_out_unless_it_is_given",)),
    "28": Met("blocks counted from 0, or on from the last answer; empty blocks",
              "block_numbers_not_reset; the rest accepted",
              (f"{QUIRKS}::test_block_numbers", f"{QUIRKS}::test_an_empty_block_does_no_harm")),
    "29": Met("requests that are taken in blocks only", "requests_in_blocks", (f"{QUIRKS}::test_requests_in_blocks",)),
    "30": Met("an ACTION response without its last octet", "accepted", (f"{DEVIATIONS}::test_sent",)),
    "31": Met("an object list that counts wrong, attributes numbered -1, script tables that are no arrays", "accepted",
              (f"{OBJECTS}::test_a_wrong_count_of_objects_is_not_believed",
               f"{OBJECTS}::test_get_brings_a_list_that_counts_wrong_as_far_as_it_goes",
               f"{OBJECTS}::test_a_list_that_ends_within_an_object_has_the_whole_ones",
               "association/test_short_names.py::test_an_object_list_that_counts_wrong_gives_base_names",
               "test_what_does_not_fit_its_declared_type_comes_plain")),
    "32": Met("a push in the middle of an answer", "accepted", ("test_a_push_before_the_answer_is_set_aside",
              "association/test_general_block_transfer.py::test_a_notification_between_blocks_is_set_aside")),
    "33": Met("ranges refused where no row matches, or taken in another sense; capture objects of attribute -1",
              "accepted", (f"{ROWS}::test_where_the_meter_refuses_rows_are_chosen_here",
                           f"{ROWS}::test_a_range_is_half_open_and_read_with_one_period_before_it",
                           "test_a_capture_object_of_attribute_minus_1")),
    "34": Met("a time with deviation and status is refused", "caller: a CosemDateTime without them",
              ("core/test_clock.py::test_constructor_refuses", "core/test_clock.py::test_fields")),
    "35": Met("invoke-ids that do not count, priorities, service class", "invoke_id, priority, service_class_not_set",
              (f"{QUIRKS}::test_invoke_id_and_priority", f"{SESSIONS}::test_replayed")),
    "36": Met("null-data for a clock; a capture period of 0", "accepted",
              (f"{PROFILE}::test_clocks", f"{PROFILE}::test_iskraemeco_with_null_clocks")),
    "37": Met("deviations counted the other way", "caller: deviation_sign",
              ("test_datetime.py::test_india_counts_it_the_other_way", f"{PROFILE}::test_deviation_reversed")),
    "38": Met("times without deviation, status FF, day of week FF; a time for a date-time; no octets for a date",
              "accepted",
              ("test_datetime.py::test_unspecified_status_hundredths_and_day_of_week_are_no_hindrance",
               "core/test_clock.py::test_no_point_in_time", "test_what_does_not_fit_its_declared_type_comes_plain")),
    "39": Met("a tag before the date-time of a data-notification", "accepted", (f"{DEVIATIONS}::test_sent",)),
    "40": Met("a logical name with its tag and length swapped", "left alone: a value of another type stands there; "
              "what comes before is read", ("test_what_breaks_off_is_read_up_to_there",)),
    "41": Met("objects without the tags of Data", "left alone: only a table of that telegram can tell what it holds; a "
              "fault, with its place", ("test_what_breaks_off_is_read_up_to_there", TELEGRAMS)),
    "42": Met("telegrams of values without names", "accepted as Data; names are the business of who knows the telegram",
              (TELEGRAMS,)),
    "43": Met("push lists that describe themselves", "accepted as Data, as above", (TELEGRAMS,)),
    "44": Met("values without or with inline scalers; 64-bit counters", "accepted as Data, as above",
              (TELEGRAMS, "core/test_axdr.py::test_vectors")),
    "45": Met("strings filled up with NUL, or in another code than they say", "accepted",
              ("core/test_axdr.py::test_text_is_total", f"{SESSIONS}::test_replayed")),
    "46": Met("null-data for a value; garbage in set-up objects", "accepted",
              ("test_what_does_not_fit_its_declared_type_comes_plain",)),
    "47": Met("values that are wrong, and names that are malformed", "left alone: values are given as sent, names of "
              "no form are refused", ("test_logical_name.py::test_malformed_names_are_refused",)),
    "another connection is still open": Met("DISC is needed before SNRM", "hdlc_disconnected_first",
                                            (f"{SESSIONS}::test_replayed", "test_disc_before_snrm")),
    "Landis+Gyr": Met("AARQ states a protocol-version", "protocol_version", (f"{QUIRKS}::test_protocol_version",)),
    "Elgama": Met("a write answered by the error success", "accepted",
                  (f"{QUIRKS}::test_a_written_value_may_be_answered_by_the_error_that_is_none",)),
    "RLRQ": Met("a ciphered RLRQ is not understood", "release_not_ciphered",
                (f"{QUIRKS}::test_release_not_ciphered",)),
    "jDLMS": Met("N(R) that says nothing, no final bit, another context name, a plain initiate-request",
                 "hdlc_receive_numbers_ignored, hdlc_final_bit_missing, context_name_not_echoed, "
                 "initiate_request_not_ciphered",
                 (f"{LINK}::test_a_response_whose_number_never_moves", f"{LINK}::test_segments_without_the_final_bit",
                  f"{QUIRKS}::test_initiate_request_not_ciphered", "test_another_context_name",
                  "test_another_context_name_for_a_ciphered_one")),
    "Gurux": Met("windows that never end, a last block that does not say so, methods that are written",
                 "block_window, last_block_unmarked, short_name_methods_written",
                 ("association/test_short_names.py::test_a_method_is_written_where_reading_does_not_do",
                  "association/test_general_block_transfer.py::test_a_ciphered_apdu_whose_last_block_does_not_say_so",
                  "test_block_window")),
    "dlms-cosem-rs": Met("what a method returns in blocks is the Data alone", "accepted",
                         ("test_results_in_blocks_without_a_result",)),
}  # fmt: skip


@pytest.mark.parametrize("name", MET)
def test_it_is_proved(name: str) -> None:
    assert MET[name].tests
    for reference in MET[name].tests:
        file, _, test = reference.rpartition("::")
        source = (Path(__file__).parent / (file or Path(__file__).name)).read_text(encoding="utf-8")
        assert f"def {test}(" in source, reference


def test_every_quirk_has_its_reason() -> None:
    answers = " ".join(met.answer for met in MET.values())
    assert [field.name for field in fields(Quirks) if field.name not in answers] == []
    assert {str(number) for number in range(1, 48)} <= set(MET)


# ---- association ----------------------------------------------------------------------------------------------------

CONTEXT = "A109060760857405080101"


def aare(*parts: str) -> str:
    content = "".join(parts)
    return f"61{len(content) // 2:02X}{content}"


@pytest.mark.parametrize("information", ["", "BE0404020E01"])
def test_a_rejection_needs_no_user_information(information: str) -> None:
    wire = script(aare(CONTEXT, "A203020101", "A305A10302010D", information))
    with pytest.raises(AssociationRejected if not information else dlms.DlmsError):
        wire.run(open_association(Proposal(security=Security("lls", password="wrong"))))


def test_hls_without_a_challenge_is_refused() -> None:
    security = Security("hls-2", password="secret", manufacturer_reply=lambda challenge, secret: challenge + secret)
    wire = script(aare(CONTEXT, "A203020100", "A305A10302010E", "88020780", "890760857405080202",
                       "BE10040E0800065F1F0400001E1D04000007"))  # fmt: skip
    with pytest.raises(Downgrade, match="does not prove itself"):
        wire.run(open_association(Proposal(security=security)))


def test_another_context_name() -> None:
    """jDLMS answers in the ciphered context what was proposed in the plain one."""
    answer = aare("A109060760857405080103", "A203020100", "A305A103020100", "BE10040E0800065F1F0400001E1D04000007")
    tolerant = Proposal(security=Security(), quirks=Quirks(context_name_not_echoed=True))
    assert script(answer).run(open_association(tolerant)).max_send_pdu_size == 0x400
    with pytest.raises(Downgrade, match="another application context"):
        script(answer).run(open_association(Proposal(security=Security())))


@pytest.mark.parametrize(("named", "weaker"), [(1, True), (2, True), (3, False)])
@pytest.mark.parametrize("quirk", [True, False])
def test_another_context_name_for_a_ciphered_one(named: int, weaker: bool, quirk: bool) -> None:
    """What names a context without ciphering is refused, quirk or not; what is ciphered is read on with it, here as far
    as a title that is missing."""
    answer = aare(f"A10906076085740508010{named}", "A203020100", "A305A103020100",
                  "BE10040E0800065F1F0400001E1D04000007")  # fmt: skip
    keys = {"encryption_key": bytes(16), "authentication_key": bytes(16), "client_system_title": "4D4D4D0000000001"}
    proposal = Proposal(security=Security(policy="authenticated+encrypted", **keys), short_names=True,
                        quirks=Quirks(context_name_not_echoed=quirk))  # fmt: skip
    refused = weaker or not quirk
    with pytest.raises(Downgrade if refused else ProtocolError, match="another" if refused else "system title"):
        script(answer).run(open_association(proposal))


@pytest.mark.parametrize("before", ["", "000100"])
def test_results_in_blocks_without_a_result(before: str) -> None:
    """With and without action-result, presence and choice before the Data; neither is what one octet less makes."""
    method = CosemMethodDescriptor(1, bytes.fromhex("0000600100FF"), 1)
    octets = bytes.fromhex(f"{before}0909010203040506070809")

    def answered(*pieces: bytes) -> bytes | None:
        answers = [
            encode(ActionResponseWithPblock(0xC1, DataBlockSA(piece is pieces[-1], number, piece))).hex()
            for number, piece in enumerate(pieces, 1)
        ]
        return script(*answers).run(services.call(negotiated(), method, None))

    assert answered(octets[:5], octets[5:]) == bytes.fromhex("0909010203040506070809")
    with pytest.raises(dlms.DecodeError):
        answered(octets[:5], octets[5:-1])


def test_block_window() -> None:
    answer = aare(CONTEXT, "A203020100", "A305A103020100", "BE10040E0800065F1F0400001E1D04000007")
    for quirks, window in ((Quirks(block_window=1), 1), (Quirks(block_window=63), 63), (Quirks(), 16)):
        assert script(answer).run(open_association(Proposal(security=Security(), quirks=quirks))).block_window == window


# ---- ciphering ------------------------------------------------------------------------------------------------------

EK, AK = Key(bytes(range(16))), Key(bytes(range(0xD0, 0xE0)))
OWN, PEER = bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4142430000000001")


def ciphered(own: bytes, peer: bytes, **more: Any) -> SecurityContext:
    both = Protection.AUTHENTICATED | Protection.ENCRYPTED
    return SecurityContext(own_title=own, peer_title=peer, protection=both, encryption_key=EK, authentication_key=AK,
                           counters=MemoryCounterStore(), replay=ReplayRule("per_association"), **more)  # fmt: skip


def test_no_title_in_general_glo_ciphering() -> None:
    """The sender is who the association is with, or whom the key set names."""
    sent = decode(ciphered(PEER, OWN, general=True).protect(decode(b"\xc4\x01\xc1\x00\x11\x05"), 1))
    assert isinstance(sent, GeneralGloCiphering)
    untitled = decode(encode(GeneralGloCiphering(b"", sent.ciphered_content)))
    assert isinstance(untitled, GeneralGloCiphering)
    plain = ciphered(OWN, PEER, general=True).unprotect(untitled)
    assert plain == b"\xc4\x01\xc1\x00\x11\x05"
    keys = KeyRing({}, KeySet(encryption=EK, authentication=AK, system_title=PEER))
    assert open_ciphered(untitled, keys).octets == plain


def test_suite_1_in_the_security_control_of_suite_0() -> None:
    """Kaifa: 21, a key of 16 octets, and no tag. Published octets with another key stand in the corpus."""
    plain = bytes.fromhex("0F00000001000202120001")
    sealed = EK.gcm.encrypt(PEER + bytes(4), plain, None)[: len(plain)]
    octets = bytes.fromhex("DB08") + PEER + bytes((5 + len(sealed), 0x21)) + bytes(4) + sealed
    message = decode(octets)
    assert isinstance(message, GeneralGloCiphering)
    opened_ = open_ciphered(message, KeyRing({}, KeySet(encryption=EK)))
    assert (opened_.octets, opened_.authenticated) == (plain, False)


def test_an_error_may_come_unciphered() -> None:
    way = negotiated(security=ciphered(OWN, PEER))
    assert isinstance(script().run(opened(way, bytes.fromhex("D80102"))), ExceptionResponse)
    with pytest.raises(Downgrade):
        script().run(opened(way, bytes.fromhex("C401C1001105")))


# ---- services -------------------------------------------------------------------------------------------------------


def test_a_push_before_the_answer_is_set_aside() -> None:
    way = negotiated()
    wire = script()
    reading = services.get(way, ATTRIBUTE, None, None, bytes)
    assert isinstance(next(reading), bytes)
    push = reading.send(bytes.fromhex("0F00000001000202120001120002"))
    assert isinstance(push, SetAside)
    assert isinstance(push.message, DataNotification)
    assert next(reading) is ANSWER
    with pytest.raises(StopIteration) as ended:
        reading.send(bytes.fromhex("C401C1001105"))
    assert loads(ended.value.value) == 5
    assert wire.sent == []


def test_what_does_not_fit_its_declared_type_comes_plain() -> None:
    clock, register = Clock("0.0.1.0.0.255"), Register("1.0.1.8.0.255")
    for ref, octets, value, fits in (
        (clock.time, "0900", b"", False),
        (clock.time, "1B0A0B0C00", CosemTime.from_octets(b"\x0a\x0b\x0c\x00"), False),
        (register.value, "00", None, True),
        (ScriptTable("0.0.10.0.0.255").scripts, "020212000111FF", (1, 255), False),
    ):
        misfits: list[Misfit] = []
        assert value_of(bytes.fromhex(octets), ref, misfits) == value
        assert bool(misfits) is not fits


def test_a_capture_object_of_attribute_minus_1() -> None:
    row = bytes.fromhex("01010202090C07EA0301FF00000000FFC40006000004D2")
    profile = unpack_profile(row, [(8, "0.0.1.0.0.255", 2, 0), (3, "1.0.1.8.0.255", -1, 0)])
    assert profile.columns["1-0:1.8.0*255:-1"].tolist() == [1234]


@pytest.mark.parametrize(
    ("octets", "read"),
    [
        ("0F4000000000 0202 0609 0100010800FF 0600000001", 1),  # tag and length swapped
        ("0F4000000000 0203 0600000007 0008 0000010000FF", 2),  # class, name and attribute without tags
    ],
)
def test_what_breaks_off_is_read_up_to_there(octets: str, read: int) -> None:
    (telegram,) = discover(bytes.fromhex(octets.replace(" ", "")))
    assert isinstance(telegram, Telegram)
    message, fault = dlms.apdu.decode_front(telegram.apdu)
    assert isinstance(message, DataNotification)
    assert fault is not None
    assert len(message.notification_body.value) == read


# ---- link -----------------------------------------------------------------------------------------------------------


CLIENT, METER = HdlcAddress(16), HdlcAddress(1, 17)


def a_link(quirks: Quirks, settings: HdlcSettings | None = None) -> HdlcLink:
    link = HdlcLink(CLIENT, METER, settings, quirks)
    link.connect(0.0)
    return link


def sent(link: HdlcLink) -> FrameKind:
    return Frame.decode(link.octets_to_send()).kind


def answer(link: HdlcLink, kind: FrameKind) -> None:
    link.receive(Frame(CLIENT, METER, control_octet(kind, poll_final=True)).encode(), 0.0)


@pytest.mark.parametrize("answered", [FrameKind.UA, FrameKind.DM, None])
def test_disc_before_snrm(answered: FrameKind | None) -> None:
    link = a_link(Quirks(hdlc_disconnected_first=True))
    assert sent(link) is FrameKind.DISC
    if answered is None:
        for _ in range(HdlcSettings().repetitions):
            link.tick(link.next_timer() or 0.0)
            assert sent(link) is FrameKind.DISC
        link.tick(link.next_timer() or 0.0)
    else:
        answer(link, answered)
    assert sent(link) is FrameKind.SNRM
    answer(link, FrameKind.UA)
    assert link.connected


def test_parameters_are_stated_though_they_are_the_defaults() -> None:
    settings = HdlcSettings(information_transmit=128, information_receive=128)
    for quirks, stated in ((Quirks(), 0), (Quirks(hdlc_parameters_always_sent=True), 21)):
        link = a_link(quirks, settings)
        assert len(Frame.decode(link.octets_to_send()).information) == stated


def test_leaving_does_not_wait_for_an_answer() -> None:
    link = a_link(Quirks(disconnect_unanswered=True))
    assert sent(link) is FrameKind.SNRM
    answer(link, FrameKind.UA)
    link.events()
    link.disconnect(1.0)
    assert sent(link) is FrameKind.DISC
    assert link.events() == [Disconnected()]

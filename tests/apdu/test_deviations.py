"""What real meters send in place of what the book says: accepted, recorded, and encoded as the book says."""

from __future__ import annotations

import copy
import pickle

import pytest

import dlms

octets = bytes.fromhex
DATE_TIME = "07E10A010700000000FFC480"
AARE = "A109060760857405080101A203020100A305A103020100BE10040E0800065F1F040000501F01F40007"

# As sent, as encoded, and what `deviations` says.
SENT = [
    # Kaifa: the tag of an octet-string before the date-time.
    (
        f"0F40000000090C{DATE_TIME}1101",
        f"0F400000000C{DATE_TIME}1101",
        "data-notification.date-time: 09 0C before it",
    ),
    (
        f"0F40000000010C{DATE_TIME}1101",
        f"0F400000000C{DATE_TIME}1101",
        "data-notification.date-time: 01 0C before it",
    ),
    (f"0F4000000019{DATE_TIME}1101", f"0F400000000C{DATE_TIME}1101", "data-notification.date-time: 19 before it"),
    # Elgama: the tag of conformance in one octet.
    (
        "0800065F04001802200960FA00",
        "0800065F1F04001802200960FA00",
        "initiate-response.negotiated-conformance: its tag is 5F alone",
    ),
    (
        "602080020780A109060760857405080102BE0F040D01000000065F0400181A200000",
        "601DA109060760857405080102BE10040E01000000065F1F0400181A200000",
        "aarq.user-information.initiate-request.proposed-conformance: its tag is 5F alone",
    ),
    ("C701C100", "C701C10000", "action-response.single-response.return-parameters: left out at the end"),
    ("63", "6300", "rlre: its tag stands alone"),
    (
        "602180020284A109060760857405080101BE10040E01000000065F1F0400007E1F04B0",
        "602180020284A109060760857405080101BE10040E01000000065F1F0400007E1F04B0",
        "aarq.protocol-version: 100001 is sent, the default is 1",
    ),
    # Lengths in more octets than they need: Kamstrup's data-blocks, ciphered APDUs of several makers.
    (f"618129{AARE}", f"6129{AARE}", "aare: length 41 in 2 octets"),
    (
        "C402810000000001008200023031",
        "C40281000000000100023031",
        "get-response.result.result.raw-data: length 2 in 3 octets",
    ),
    (
        "CC81082000000001020304",
        "CC082000000001020304",
        "glo-get-response.ciphered-content: length 8 in 2 octets",
    ),
    # Kamstrup: octets behind a ciphered APDU.
    ("CC082000000001020304AABB", "CC082000000001020304", "glo-get-response: 2 octets follow its end"),
    ("D80106", "D80106", "exception-response.invocation-counter: left out at the end"),
]


@pytest.mark.parametrize(("sent", "encoded", "deviation"), SENT)
def test_sent(sent, encoded, deviation):
    message = dlms.decode(octets(sent))
    assert deviation in message.deviations
    assert dlms.encode(message) == octets(encoded)
    assert dlms.decode(octets(encoded)) == message


def test_deviations_are_no_part_of_the_value_but_stay_with_it():
    message = dlms.decode(b"\x63")
    assert message == dlms.decode(b"\x63\x00")
    assert hash(message) == hash(dlms.decode(b"\x63\x00"))
    assert "deviations" not in repr(message)
    assert pickle.loads(pickle.dumps(message)).deviations == message.deviations  # noqa: S301
    assert copy.deepcopy(message).deviations == message.deviations


def test_fields_of_acse_out_of_order():
    message = dlms.decode(
        octets("6129A203020100A109060760857405080101A305A103020100BE10040E0800065F1F040000501F01F40007")
    )
    assert message.deviations == ("aare.application-context-name: out of order",)
    assert dlms.encode(message) == octets("6129" + AARE)


@pytest.mark.parametrize(
    "defect",
    [
        "C401C10006000013",  # cut
        "C401C100060000139100",  # octets behind what is not ciphered
        "C401C102",  # no such alternative
        "C404C1",  # no such response
        "0F4000000005010203040511",  # a date-time of 5 octets
        "0800065F1F05000000501F01F40007",  # 40 bits of conformance
        "0800065F1F040100501F01F40007",  # unused bits of conformance
        "0802065F1F040000501F01F40007",  # a presence octet of 02
        "6111A109060760857405080101A203020100",  # no diagnostic
        "6116A203020100A203020100A109060760857405080101",  # a result twice
        "6103A70100",  # no OCTET STRING inside an AE-qualifier
        "60",
        "CC0430000000",
    ],
)
def test_defects_stay_errors(defect):
    with pytest.raises(dlms.DecodeError):
        dlms.decode(octets(defect))

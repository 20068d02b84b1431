"""Sign-on, readout and programming step by step: what is asked of the line, and what any message leads to."""

from __future__ import annotations

from typing import Any

import pytest

from dlms.errors import AuthenticationFailed, DeadlineExceeded, DecodeError, LinkError
from dlms.link.iec62056_21 import (
    Await,
    Dialogue,
    Identification,
    LineTiming,
    Pause,
    SetLine,
    Transmit,
    enter_mode_e,
    identify,
    read_out,
    read_register,
    start_programming,
    write_register,
)
from dlms_core.iec62056_21 import (
    ACKNOWLEDGE,
    COMMAND,
    DATA,
    IDENTIFICATION,
    OPTION_SELECT,
    REPEAT,
    DataSet,
    Message,
    build,
)

TIMING = LineTiming(answer=2.0, readout=50.0, change=0.5)
ASK = Transmit(b"/?!\r\n")
DAMAGED = DecodeError("expected another check character", layer="iec62056-21", offset=0)
ANSWER, CHANGE = Await(2.0), Await(0.5)


def follow(dialogue: Dialogue[Any], *steps: Any) -> Any:
    """Each effect that is expected, followed by the message that it brings where it waits; what comes of it all."""
    waiting = list(steps)
    outcome: Any = None
    while True:
        try:
            effect = dialogue.send(outcome)
        except StopIteration as done:
            assert not waiting
            return done.value
        assert effect == waiting.pop(0)
        outcome = waiting.pop(0) if isinstance(effect, Await) else None


def identification(text: str) -> Message:
    return Message(IDENTIFICATION, text)


SIGNED_ON = (SetLine(300, 7, "even"), ASK, ANSWER)


@pytest.mark.parametrize(
    ("character", "mode", "baud"),
    [
        # IEC 62056-21, the baud rate identification
        ("0", "C", 300), ("1", "C", 600), ("2", "C", 1200), ("3", "C", 2400), ("4", "C", 4800), ("5", "C", 9600),
        ("6", "C", 19200), ("A", "B", 600), ("B", "B", 1200), ("C", "B", 2400), ("D", "B", 4800), ("E", "B", 9600),
        ("F", "B", 19200), ("7", "A", 300), (" ", "A", 300), ("G", "A", 300),
    ],
)  # fmt: skip
def test_the_speed_that_a_meter_offers(character: str, mode: str, baud: int) -> None:
    assert Identification("LGZ", character, "ZMD").mode == mode
    assert Identification("LGZ", character, "ZMD").baud == baud
    assert Identification("ISK", character, "\\2MT").mode == ("E" if mode == "C" else mode)


class TestSignOn:
    def test_whatever_comes_before_the_identification_is_passed_over(self) -> None:
        found = follow(
            identify("", TIMING), *SIGNED_ON, Message("?", "/?!"), ANSWER, Message(DATA, "long enough"),
            ANSWER, identification("LG"), ANSWER, identification("LGZ"), ANSWER, identification("LGZ4"),
        )  # fmt: skip
        assert found == Identification("LGZ", "4", "")

    def test_it_is_asked_three_times(self) -> None:
        for answered in range(3):
            follow(
                identify("", TIMING), SetLine(300, 7, "even"), *(ASK, ANSWER, None) * answered,
                ASK, ANSWER, identification("LGZ4x"),
            )  # fmt: skip
        with pytest.raises(DeadlineExceeded, match="sign-on"):
            follow(identify("", TIMING), SetLine(300, 7, "even"), *(ASK, ANSWER, None) * 3)

    def test_patience_without_being_told(self) -> None:
        for dialogue in (identify(), enter_mode_e(), read_out(), start_programming("1")):
            assert dialogue.send(None) == SetLine(300, 7, "even")
            assert dialogue.send(None) == ASK
            assert dialogue.send(None) == Await(LineTiming().answer)

    @pytest.mark.parametrize(
        ("highest", "selected", "baud"),
        [(19200, "252", 9600), (9600, "252", 9600), (4800, "242", 4800), (100, "202", 300)],
    )
    @pytest.mark.parametrize("confirmed", [True, False])
    def test_into_hdlc(self, highest: int, selected: str, baud: int, confirmed: bool) -> None:
        found = follow(
            enter_mode_e("", TIMING, highest_baud=highest), *SIGNED_ON, identification("ISK5\\2MT"),
            Transmit(build(OPTION_SELECT, selected)), CHANGE, Message(OPTION_SELECT, selected) if confirmed else None,
            SetLine(baud, 8, "none"), Pause(0.5),
        )  # fmt: skip
        assert found.mode == "E"


class TestReadout:
    START = (*SIGNED_ON, identification("LGZ4ZMF"), Transmit(build(OPTION_SELECT, "040")), SetLine(4800, 7, "even"))
    READ = Await(50.0)
    SETS = Message(DATA, "1.8.0(5*kWh)")

    def test_what_is_no_data_is_passed_over(self) -> None:
        found = follow(
            read_out("", TIMING), *self.START, self.READ, Message(OPTION_SELECT, "040"), self.READ, self.SETS
        )
        assert found == (Identification("LGZ", "4", "ZMF"), [DataSet("1.8.0", "5", "kWh")])

    def test_damaged_data_is_asked_for_again(self) -> None:
        damaged = Message(DATA, "1.8.0(9*kWh)", fault=DAMAGED)
        again = (self.READ, damaged, Transmit(build(REPEAT)))
        _, sets = follow(read_out("", TIMING), *self.START, *again * 2, self.READ, self.SETS)
        assert sets == [DataSet("1.8.0", "5", "kWh")]
        with pytest.raises(DecodeError):  # and what nobody waits for is not asked for
            follow(read_out("", TIMING), *self.START, *again * 2, self.READ, damaged)

    def test_endless_echoes_are_not_the_readout(self) -> None:
        echoes = (self.READ, Message(OPTION_SELECT, "040")) * 10
        assert len(follow(read_out("", TIMING), *self.START, *echoes, self.READ, self.SETS)[1]) == 1
        with pytest.raises(DeadlineExceeded, match="readout did not come"):
            follow(read_out("", TIMING), *self.START, *echoes, self.READ, None)

    def test_silence(self) -> None:
        with pytest.raises(DeadlineExceeded, match="readout did not come"):
            follow(read_out("", TIMING), *self.START, self.READ, None)


class TestProgramming:
    START = (
        *SIGNED_ON,
        identification("LGZ4ZMF"),
        Transmit(build(OPTION_SELECT, "041")),
        SetLine(4800, 7, "even"),
        ANSWER,
    )
    P0 = Message(COMMAND, "P0(1234)")

    def test_without_a_password(self) -> None:
        noise = (Message(DATA, "noise"), ANSWER, Message(COMMAND, "P0(1234)", fault=DAMAGED), ANSWER)
        found = follow(start_programming(None, "", TIMING), *self.START, *noise, self.P0)
        assert found == Identification("LGZ", "4", "ZMF")

    def test_with_one(self) -> None:
        password = Transmit(build(COMMAND, "P1(1)"))
        start = (*self.START, self.P0, password, ANSWER)
        assert follow(start_programming("1", "", TIMING), *start, Message(ACKNOWLEDGE, "")) == Identification(
            "LGZ", "4", "ZMF"
        )
        with pytest.raises(AuthenticationFailed):
            follow(start_programming("1", "", TIMING), *start, Message(COMMAND, "B0"))

    def test_with_one_that_is_encrypted(self) -> None:
        seen: list[tuple[str, str]] = []

        def encrypt(received: str, password: str) -> str:
            seen.append((received, password))
            return "secret"

        encrypted = Transmit(build(COMMAND, "P2(secret)"))
        dialogue = start_programming("1", "", TIMING, encrypt=encrypt)
        follow(dialogue, *self.START, self.P0, encrypted, ANSWER, Message(ACKNOWLEDGE, ""))
        assert seen == [("1234", "1")]

    def test_no_entry(self) -> None:
        with pytest.raises(DeadlineExceeded, match="did not enter programming mode"):
            follow(start_programming("1", "", TIMING), *self.START, None)
        with pytest.raises(LinkError, match="expected the meter's P0, got 'B0'"):
            follow(start_programming("1", "", TIMING), *self.START, Message(COMMAND, "B0"))


class TestRegisters:
    READ = Transmit(build(COMMAND, "R11.8.0()"))
    VALUE = Message(DATA, "1.8.0(5*kWh)")

    def test_reading(self) -> None:
        assert follow(read_register("1.8.0", TIMING), self.READ, ANSWER, self.VALUE) == [DataSet("1.8.0", "5", "kWh")]

    @pytest.mark.parametrize(("answer", "words"), [
        (Message(DATA, "1.8.0(ER01)"), "ER01"),
        (Message(COMMAND, "B0"), "does not read 1.8.0"),
        (Message(ACKNOWLEDGE, ""), "does not read 1.8.0"),
    ])  # fmt: skip
    def test_refused(self, answer: Message, words: str) -> None:
        with pytest.raises(LinkError, match=words):
            follow(read_register("1.8.0", TIMING), self.READ, ANSWER, answer)

    def test_a_value_among_several_that_looks_like_an_error(self) -> None:
        found = follow(read_register("1.8.0", TIMING), self.READ, ANSWER, Message(DATA, "(ER01)(5)"))
        assert [each.value for each in found] == ["ER01", "5"]

    def test_asked_again(self) -> None:
        """The command after silence or NAK, the block alone once one came that was damaged."""
        damaged = Message(DATA, "1.8.0(9*kWh)", fault=DAMAGED)
        nak = Transmit(build(REPEAT))
        for steps in (
            (None, self.READ, ANSWER),
            (Message(REPEAT, ""), self.READ, ANSWER),
            (damaged, nak, ANSWER),
            (None, self.READ, ANSWER, damaged, nak, ANSWER),
            (damaged, nak, ANSWER, None, nak, ANSWER),
        ):
            assert len(follow(read_register("1.8.0", TIMING), self.READ, ANSWER, *steps, self.VALUE)) == 1
        with pytest.raises(DeadlineExceeded, match="does not answer"):
            follow(read_register("1.8.0", TIMING), *(self.READ, ANSWER, None) * 3)

    def test_writing(self) -> None:
        write = (Transmit(build(COMMAND, "W11.8.0(7)")), ANSWER)
        follow(write_register("1.8.0", "7", TIMING), *write, Message(ACKNOWLEDGE, ""))
        with pytest.raises(LinkError, match="does not write"):
            follow(write_register("1.8.0", "7", TIMING), *write, Message(DATA, "(ER02)"))

"""A dlms-cosem client as a process of its own: a plan (JSON) on standard input, one answer a step to a file.

Steps: ["get", class, name, attribute], the same with "range" and two times in POSIX seconds more, ["set", ..., data],
["call", class, name, method, data], ["list", [class, name, attribute], ...]. Data and answers are octets in hex.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import Any

from dlms_cosem import cosem
from dlms_cosem.client import ActionError, DataResultError, DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.enumerations import CosemInterface
from dlms_cosem.hdlc.frames import HDLC_FLAG
from dlms_cosem.hdlc.state import NEED_DATA
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, TcpTransport
from dlms_cosem.security import (
    HighLevelSecurityCommonAuthentication,
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
)

TIMEOUT = 10


class WholeFrames(HdlcTransport):
    """Frames as long as they say: the transport itself waits for ever after a check sequence that ends with 7E."""

    def recv_frame(self) -> bytes:
        flag = bytes(self.io.recv(1))
        front = self.io.recv(2)
        length = int.from_bytes(front, "big") & 0x07FF
        return flag + front + self.io.recv(length - len(front) + 1)

    def next_event(self) -> Any:
        link = self.hdlc_connection
        while (event := link.next_event()) is NEED_DATA:
            if HDLC_FLAG not in link.buffer[link.buffer_search_position :]:
                link.receive_data(self.recv_frame())
        return event


def authentication(plan: dict[str, Any]) -> Any:
    password = plan.get("password", "").encode()
    match plan["authentication"]:
        case "lls":
            return LowLevelSecurityAuthentication(secret=password)
        case "hls-2":
            return HighLevelSecurityCommonAuthentication(secret=password)
        case "hls-gmac":
            return HighLevelSecurityGmacAuthentication()
    return NoSecurityAuthentication()


def client(plan: dict[str, Any]) -> DlmsClient:
    transport = {"hdlc": WholeFrames, "wrapper": TcpTransport}[plan["link"]]
    keys: dict[str, Any] = {}
    if "encryption_key" in plan:
        keys = {
            "encryption_key": bytes.fromhex(plan["encryption_key"]),
            "authentication_key": bytes.fromhex(plan["authentication_key"]),
            "client_system_title": bytes.fromhex(plan["system_title"]),
            "client_initial_invocation_counter": plan["counter"],
        }
    return DlmsClient(
        transport=transport(plan["client"], 1, BlockingTcpIO("127.0.0.1", plan["port"], TIMEOUT), timeout=TIMEOUT),
        authentication=authentication(plan), block_transfer=True, max_pdu_size=plan.get("pdu_size", 65535), **keys,
    )  # fmt: skip


def attribute(class_id: int, name: str, number: int) -> cosem.CosemAttribute:
    return cosem.CosemAttribute(class_id, cosem.Obis.from_string(name), number)  # type: ignore[arg-type]  # any class


def utc(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def answer(of: DlmsClient, step: list[Any]) -> Any:
    what, *rest = step
    try:
        match what:
            case "get":
                return of.get(attribute(*rest)).hex()
            case "range":
                time = cosem.CosemAttribute(CosemInterface.CLOCK, cosem.Obis.from_string("0.0.1.0.0.255"), 2)
                clock = CaptureObject(time)
                return of.get(attribute(*rest[:3]), RangeDescriptor(clock, utc(rest[3]), utc(rest[4]))).hex()
            case "set":
                return of.set(attribute(*rest[:3]), bytes.fromhex(rest[3])).result.name
            case "call":
                method = cosem.CosemMethod(CosemInterface(rest[0]), cosem.Obis.from_string(rest[1]), rest[2])
                return (of.action(method, bytes.fromhex(rest[3])) or b"").hex()
            case "list":
                wanted = [cosem.CosemAttributeWithSelection(attribute(*item), None) for item in rest]
                return type(of.get_many(wanted)).__name__
    except (DataResultError, ActionError) as error:
        return str(error)
    raise ValueError(what)


def main() -> None:
    plan = json.load(sys.stdin)
    of = client(plan)
    with of.session():
        answers = [answer(of, step) for step in plan["steps"]]
    Path(sys.argv[1]).write_text(json.dumps(answers), encoding="utf-8")


main()

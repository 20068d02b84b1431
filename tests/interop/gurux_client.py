"""A gurux-dlms client as a process of its own: reads a plan (JSON) on standard input, writes what it found to a file.

Without steps in the plan it walks the object list and tells every value. Steps: ["octets", class, name, attribute]
gives the octets of the Data in hex; ["object", class, version, name, attribute] reads into Gurux's own object of that
class and gives the octets that it makes of what it understood, None where it knows no such class; ["entries", name,
first, count] and ["range", name, from, to] (POSIX seconds) give rows of a profile; ["set", class, name, attribute,
type, value] and ["call", class, name, method, type, value] give "" or the error.

gurux-dlms prints to standard output as it goes, so nothing is told there.
"""

from __future__ import annotations

import datetime
import json
import socket
import sys
from pathlib import Path
from typing import Any

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, DataType, InterfaceType, ObjectType, Security
from gurux_dlms.objects import GXDLMSObject
from gurux_dlms.secure import GXDLMSSecureClient
from gurux_dlms.ValueEventArgs import ValueEventArgs

TIMEOUT = 10.0
MECHANISMS = {
    "none": Authentication.NONE,
    "lls": Authentication.LOW,
    "hls-md5": Authentication.HIGH_MD5,
    "hls-sha1": Authentication.HIGH_SHA1,
    "hls-gmac": Authentication.HIGH_GMAC,
    "hls-sha256": Authentication.HIGH_SHA256,
}


class Session:
    """One connection of gurux-dlms."""

    def __init__(self, plan: dict[str, Any]) -> None:
        link = InterfaceType.HDLC if plan["link"] == "hdlc" else InterfaceType.WRAPPER
        self.client = GXDLMSSecureClient(
            plan["names"] == "ln", plan["client"], 1, MECHANISMS[plan["authentication"]], plan.get("password"), link
        )
        if "encryption_key" in plan:
            ciphering = self.client.ciphering
            ciphering.systemTitle = bytes.fromhex(plan["system_title"])
            ciphering.blockCipherKey = bytes.fromhex(plan["encryption_key"])
            ciphering.authenticationKey = bytes.fromhex(plan["authentication_key"])
            ciphering.invocationCounter = plan["counter"]
            if plan["ciphered"]:
                ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        elif "system_title" in plan:
            self.client.ciphering.systemTitle = bytes.fromhex(plan["system_title"])
        self.client.useProtectedRelease = "encryption_key" in plan and plan["ciphered"]
        self.client.maxReceivePDUSize = plan.get("pdu_size", 0xFFFF)
        self.socket = socket.create_connection(("127.0.0.1", plan["port"]), TIMEOUT)
        self.socket.settimeout(TIMEOUT)

    def open(self) -> None:
        snrm = self.client.snrmRequest()
        if snrm:
            self.client.parseUAResponse(self.exchange(snrm).data)
        for frame in self.client.aarqRequest():
            reply = self.exchange(frame)
        self.client.parseAareResponse(reply.data)
        if self.client.isAuthenticationRequired:
            for frame in self.client.getApplicationAssociationRequest():
                reply = self.exchange(frame)
            self.client.parseApplicationAssociationResponse(reply.data)

    def exchange(self, frames: Any) -> GXReplyData:
        """The whole reply to one request, its blocks fetched."""
        reply = GXReplyData()
        for frame in frames if isinstance(frames, list) else [frames]:
            reply.clear()
            self.packet(frame, reply)
            while reply.isMoreData():
                self.packet(None if reply.isStreaming() else self.client.receiverReady(reply), reply)
        return reply

    def packet(self, frame: Any, reply: GXReplyData) -> None:
        if frame:
            self.socket.sendall(bytes(frame))
        received, notification = GXByteBuffer(), GXReplyData()
        while not self.client.getData(received, reply, notification):
            octets = self.socket.recv(65536)
            if not octets:
                raise ConnectionError("the server closed")
            received.set(octets)
        if reply.error:
            raise ValueError(f"error {reply.error}")

    def walk(self) -> dict[str, Any]:
        """Every attribute of every object of the object list."""
        objects = self.client.parseObjects(self.exchange(self.client.getObjectsRequest()).data, True)
        found: dict[str, Any] = {}
        for item in objects:
            for attribute in item.getAttributeIndexToRead(True):
                name = f"{int(item.objectType)}/{item.logicalName}:{attribute}"
                try:
                    reply = self.exchange(self.client.read(item, attribute))
                    if reply.value is None and reply.data is not None:
                        self.client.updateValue(item, attribute, reply.value)
                    found[name] = text(reply.value)
                except ValueError as error:
                    found[name] = str(error)
        return found

    def step(self, what: str, *rest: Any) -> Any:
        """What one step of the plan gives."""
        try:
            match what:
                case "octets":
                    return self.octets(*rest)
                case "object":
                    return self.understood(*rest)
                case "entries" | "range":
                    return self.rows(what, *rest)
                case "set":
                    class_id, name, attribute, kind, value = rest
                    value = bytes.fromhex(value) if kind == "OCTET_STRING" else value
                    write = self.client._GXDLMSClient__write  # the public one writes its own objects only
                    frames = write(name, value, DataType[kind], class_id, attribute)
                case "call":
                    class_id, name, method, kind, value = rest
                    item = self.client.createObject(ObjectType(class_id))
                    item.logicalName = name
                    frames = self.client.method(item, method, value, DataType[kind])
            self.exchange(frames)
        except ValueError as error:
            return str(error)
        return ""

    def octets(self, class_id: int, name: str, attribute: int) -> str:
        return bytes(self.exchange(self.client._read(name, class_id, attribute)).data.array()).hex()

    def understood(self, class_id: int, version: int, name: str, attribute: int) -> str | None:
        if class_id not in list(ObjectType):
            return None
        item = self.client.createObject(ObjectType(class_id))
        if item is None or type(item) is GXDLMSObject:
            return None
        item.logicalName, item.version = name, version
        reply = self.exchange(self.client._read(name, class_id, attribute))
        settings = self.client.settings
        try:
            self.client.updateValue(item, attribute, reply.value)
            value = item.getValue(settings, ValueEventArgs(settings, item, attribute, 0, None))
        except Exception as error:  # its own: what it does not understand, or cannot write
            return f"{type(error).__name__}: {error}"
        if isinstance(value, (bytes, bytearray, GXByteBuffer)):
            return bytes(value.array() if isinstance(value, GXByteBuffer) else value).hex()
        return repr(value)

    def rows(self, what: str, name: str, first: float, second: float) -> Any:
        profile = self.client.createObject(ObjectType.PROFILE_GENERIC)
        profile.logicalName = name
        reply = self.exchange(self.client.read(profile, 3))
        self.client.updateValue(profile, 3, reply.value)
        if what == "entries":
            frames = self.client.readRowsByEntry(profile, int(first), int(second))
        else:
            times = [datetime.datetime.fromtimestamp(at, datetime.UTC) for at in (first, second)]
            frames = self.client.readRowsByRange(profile, *times)
        return text(self.exchange(frames).value)

    def close(self) -> None:
        for frame in self.client.releaseRequest() or []:
            self.exchange(frame)
        disconnect = self.client.disconnectRequest()
        if disconnect:
            self.socket.sendall(bytes(disconnect))
        self.socket.close()


def text(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return value.hex().upper()
    if isinstance(value, (list, tuple)):
        return [text(item) for item in value]
    return value if isinstance(value, (int, str, type(None))) else str(value)


def main() -> None:
    plan = json.load(sys.stdin)
    session = Session(plan)
    session.open()
    found = [session.step(*step) for step in plan["steps"]] if "steps" in plan else session.walk()
    session.close()
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()

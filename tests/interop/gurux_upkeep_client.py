"""A gurux-dlms client as a process of its own that renews firmware or keys: a plan (JSON) in, what it saw in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gurux_client import Session, text
from gurux_dlms.enums import DataType
from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSData, GXDLMSImageTransfer, GXDLMSSecuritySetup
from gurux_dlms.objects.enums import GlobalKeyType


def read(session: Session, item: Any, attribute: int) -> Any:
    """The value of one attribute, as gurux-dlms keeps it."""
    reply = session.exchange(session.client.read(item, attribute))
    session.client.updateValue(item, attribute, reply.value)
    return reply.value


def update_firmware(session: Session, plan: dict[str, Any]) -> dict[str, Any]:
    """All steps, blocks in the order of the plan. gurux-dlms makes all blocks in one go, with their invocation
    counters: so they are made anew for each that is sent."""
    item = GXDLMSImageTransfer("0.0.44.0.0.255")
    image = bytes.fromhex(plan["image"])
    enabled, _ = read(session, item, 5), read(session, item, 2)
    session.exchange(item.imageTransferInitiate(session.client, plan["identifier"], len(image)))
    seen = {}
    for number in plan["order"]:
        blocks = item.imageBlockTransfer(session.client, image, [0])
        session.exchange(blocks[number])
        seen[str(number)] = [text(str(read(session, item, 3))), read(session, item, 4)]
    session.exchange(item.imageVerify(session.client))
    verified = int(read(session, item, 6))
    images = text(read(session, item, 7))
    session.exchange(item.imageActivate(session.client))
    return {"enabled": bool(enabled), "blocks": len(blocks), "seen": seen, "verified": verified, "images": images,
            "status": int(read(session, item, 6))}  # fmt: skip


def transfer_keys(session: Session, plan: dict[str, Any]) -> dict[str, Any]:
    """Encryption and authentication key, wrapped by gurux-dlms."""
    item = GXDLMSSecuritySetup("0.0.43.0.0.255")
    keys = [
        (GlobalKeyType.UNICAST_ENCRYPTION, bytes.fromhex(plan["new_encryption_key"])),
        (GlobalKeyType.AUTHENTICATION, bytes.fromhex(plan["new_authentication_key"])),
    ]
    try:
        session.exchange(item.globalKeyTransfer(session.client, bytes.fromhex(plan["master_key"]), keys))
        error = ""
    except ValueError as refused:
        error = str(refused)
    return {"error": error, "title": text(read(session, item, 5)), "policy": read(session, item, 2)}


def activate(session: Session, plan: dict[str, Any]) -> dict[str, Any]:
    """A stricter policy."""
    item = GXDLMSSecuritySetup("0.0.43.0.0.255")
    session.exchange(session.client.method(item, 1, plan["policy"], DataType.ENUM))
    return {"policy": read(session, item, 2)}


def change_secret(session: Session, plan: dict[str, Any]) -> dict[str, Any]:
    """A new password or HLS secret, by the Association object as gurux-dlms sees it."""
    item = GXDLMSAssociationLogicalName("0.0.40.0.0.255")
    item.authenticationMechanismName.mechanismId = session.client.authentication
    item.secret = bytes.fromhex(plan["new_secret"])
    session.exchange(item.updateSecret(session.client))
    return {"name": text(read(session, GXDLMSData("0.0.42.0.0.255"), 2))}


DOES = {"firmware": update_firmware, "keys": transfer_keys, "policy": activate, "secret": change_secret}


def main() -> None:
    plan = json.load(sys.stdin)
    session = Session(plan)
    session.open()
    found = DOES[plan["do"]](session, plan)
    session.close()
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()

"""A gurux-dlms push listener as a process of its own: takes what comes in over one connection, tells what it holds.

Arguments: the file to write (JSON), then of a ciphered push the encryption and the authentication key in hex. The port
is written to the file first.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.secure import GXDLMSSecureClient


def main() -> None:
    target = Path(sys.argv[1])
    link = InterfaceType.HDLC if sys.argv[2] == "hdlc" else InterfaceType.WRAPPER
    client = GXDLMSSecureClient(True, 103, 1, Authentication.NONE, None, link)
    if len(sys.argv) > 3:
        client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        client.ciphering.blockCipherKey = bytes.fromhex(sys.argv[3])
        client.ciphering.authenticationKey = bytes.fromhex(sys.argv[4])
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        target.with_suffix(".port").write_text(str(server.getsockname()[1]), encoding="utf-8")
        connection, _ = server.accept()
    received, reply, notification = GXByteBuffer(), GXReplyData(), GXReplyData()
    connection.settimeout(30)
    while True:
        octets = connection.recv(65536)
        if not octets:
            raise SystemExit("the push was not complete")
        received.set(octets)
        client.getData(received, reply, notification)  # False for a notification, whole or not
        if notification.value is not None and not notification.isMoreData():
            break
    values = [bytes(value).hex() if isinstance(value, (bytes, bytearray)) else value for value in notification.value]
    target.write_text(json.dumps({"time": str(notification.time), "values": values}), encoding="utf-8")


main()

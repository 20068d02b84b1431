"""A device with one object of every declared version of every interface class, for other people's clients to read.

    device = every_class(clients=[ServedClient(16)])
    with serving(Server(device), "tcp://127.0.0.1:0") as (url,): ...
    assert read_by_the_other_side == expected(device)

Each attribute holds an example of its declared type, and neighbours hold different ones, so that an answer that belongs
elsewhere is seen.
The versions of a class stand at names of their own: `0-0:128.CLASS.VERSION*255`, a class above 255 at `0-0:129.LOW...`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from tests.examples import example

import dlms.cosem.classes
from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.declare import InterfaceClass, interface_classes
from dlms.cosem.references import AttributeRef

__all__ = ["every_class", "expected", "name", "objects"]

SYSTEM_TITLE = b"DLM\x00\x00\x00\x00\x01"


def objects() -> list[InterfaceClass]:
    """One object of every declared class and version."""
    return [
        of(bytes((0, 0, 128 + number // 256, number % 256, version, 255)))
        for (number, version), of in sorted(interface_classes().items())
        if of.__module__.startswith(dlms.cosem.classes.__name__)
    ]


def every_class(clients: Iterable[ServedClient]) -> LogicalDevice:
    """The device; its attributes are there to be read, and to be written by whoever may."""
    device = LogicalDevice("DLM0000000000001", system_title=SYSTEM_TITLE, clients=clients)
    numbers = count(1)
    for of in objects():
        device.add(of)
        for attribute_id, declaration in of.attributes.items():
            if attribute_id != 1:
                device[of.attribute(attribute_id)] = example(declaration.node, next(numbers) % 100)
    return device


def name(ref: AttributeRef) -> str:
    """An attribute in the words that the other side prints: `CLASS/A.B.C.D.E.F:ATTRIBUTE`."""
    return f"{ref.class_id}/{'.'.join(map(str, bytes(ref.logical_name)))}:{ref.attribute_id}"


def expected(device: LogicalDevice) -> dict[str, bytes]:
    """The octets of the Data that every attribute of every object holds, by its name."""
    return {
        name(of.object.attribute(attribute_id)): octets
        for of in device.objects
        for attribute_id, octets in sorted(of.octets.items())
    }

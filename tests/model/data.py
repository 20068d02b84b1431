"""A naive decoder of A-XDR Data, written from the book alone: the oracle of the property tests.

It is slow and plain on purpose, and shares nothing with the library. `decode` gives plain Python in the library's
forms, dates as tagged octets and dont-care as a string of its own, or raises Refused.
"""

from __future__ import annotations

import struct

DEEPEST = 32

# name, format of struct: the types of fixed width. Blue Book, table of common data types.
FIXED = {
    0: ("null-data", None),
    3: ("boolean", ">?"),
    5: ("double-long", ">i"),
    6: ("double-long-unsigned", ">I"),
    13: ("bcd", ">B"),
    15: ("integer", ">b"),
    16: ("long", ">h"),
    17: ("unsigned", ">B"),
    18: ("long-unsigned", ">H"),
    20: ("long64", ">q"),
    21: ("long64-unsigned", ">Q"),
    22: ("enum", ">B"),
    23: ("float32", ">f"),
    24: ("float64", ">d"),
    28: ("delta-integer", ">b"),
    29: ("delta-long", ">h"),
    30: ("delta-double-long", ">i"),
    31: ("delta-unsigned", ">B"),
    32: ("delta-long-unsigned", ">H"),
    33: ("delta-double-long-unsigned", ">I"),
}
DATES = {25: ("date-time", 12), 26: ("date", 5), 27: ("time", 4)}
DONT_CARE = "<dont-care>"


class Refused(Exception):
    """The octets are no Data, or too much of it."""


class Decoder:
    """Takes octets off the front of `rest`."""

    def __init__(self, octets: bytes, most_elements: int) -> None:
        self.rest = octets
        self.most_elements = most_elements

    def take(self, count: int) -> bytes:
        if count > len(self.rest):
            raise Refused("truncated")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def length(self) -> int:
        first = self.take(1)[0]
        if first < 128:
            return first
        if first in (0x81, 0x82, 0x83, 0x84):
            return int.from_bytes(self.take(first - 0x80), "big")
        raise Refused("length")

    def made(self, elements: int) -> None:
        self.most_elements -= elements
        if self.most_elements < 0:
            raise Refused("too many elements")

    def value(self, depth: int) -> object:
        tag = self.take(1)[0]
        if tag in (1, 2):
            if depth == 0:
                raise Refused("too deep")
            count = self.length()
            if count > len(self.rest):
                raise Refused("count")
            self.made(count)
            elements = [self.value(depth - 1) for _ in range(count)]
            return elements if tag == 1 else tuple(elements)
        if tag == 19:
            return self.compact_array(depth)
        return self.content(tag)

    def content(self, tag: int) -> object:
        """What follows the tag of anything but array, structure and compact-array."""
        if tag == 0:
            return None
        if tag == 255:
            return DONT_CARE
        if tag in FIXED:
            layout = FIXED[tag][1]
            return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        if tag in DATES:
            name, width = DATES[tag]
            return name, self.take(width)
        if tag == 4:
            bits = self.length()
            octets = self.take((bits + 7) // 8)
            return "".join(f"{octet:08b}" for octet in octets)[:bits]
        if tag == 9:
            return self.take(self.length())
        if tag == 10:
            octets = self.take(self.length())
            try:
                return octets.decode("utf-8")
            except UnicodeDecodeError:
                return octets.decode("latin-1")
        if tag == 12:
            return self.take(self.length()).decode("utf-8", "surrogateescape")
        raise Refused("tag")

    def type_description(self, depth: int) -> tuple:
        tag = self.take(1)[0]
        if tag in (1, 2) and depth == 0:
            raise Refused("too deep")
        if tag == 1:
            count = int.from_bytes(self.take(2), "big")
            return tag, count, self.type_description(depth - 1)
        if tag == 2:
            count = self.length()
            if count > len(self.rest):
                raise Refused("count")
            return tag, [self.type_description(depth - 1) for _ in range(count)]
        if tag in FIXED or tag in DATES or tag in (4, 9, 10, 12, 255):
            return (tag,)
        raise Refused("tag")

    def compact_array(self, depth: int) -> list:
        if depth == 0:
            raise Refused("too deep")
        description = self.type_description(depth - 1)
        outside = self.rest
        length = self.length()
        contents = self.take(length)
        outside, self.rest = self.rest, contents
        rows = []
        while self.rest:
            before = len(self.rest)
            rows.append(self.described(description))
            if len(self.rest) == before:
                raise Refused("elements of no width")
        self.rest = outside
        return rows

    def described(self, description: tuple) -> object:
        self.made(1)
        tag = description[0]
        if tag == 1:
            return [self.described(description[2]) for _ in range(description[1])]
        if tag == 2:
            return tuple([self.described(element) for element in description[1]])
        return self.content(tag)


def decode(octets: bytes) -> object:
    """The one Data that `octets` are."""
    decoder = Decoder(octets, 8 * len(octets) + 1024)
    value = decoder.value(DEEPEST)
    if decoder.rest:
        raise Refused("trailing octets")
    return value

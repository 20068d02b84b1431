"""A meter's address as a URL: `<link>+<scheme>://...`.

==============================  ================================================================================
`tcp://host:4059`, `udp://`     wrapper (IEC 62056-47) over TCP or UDP; the port may be left out
`hdlc+tcp://host:port`          HDLC over TCP
`hdlc+serial:///dev/ttyUSB0`    HDLC on a serial port; `?baud=9600`; Windows: `hdlc+serial://COM3`
`iec+serial:///dev/ttyUSB0`     sign-on by IEC 62056-21, mode E, then HDLC
`hdlc+rfc2217://host:port`      HDLC through whatever pyserial opens: rfc2217, socket, loop, spy
`pair://name`                   wrapper between two ends in one process
==============================  ================================================================================

Options: `client` (address of the client, 16), `server` (logical device, 1); of HDLC, which `iec+` URLs come to as well,
`physical` (the physical address) and `address_size` (octets of a server's address: 1, 2 or 4); `baud`, of a line that
has a speed, and of the sign-on, which then selects none above it; `device`, of the sign-on alone (the device address,
for meters that answer to no other). An option that means nothing for the URL that it stands in, or for what the URL is
used for, is refused, and so is a key or password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from dlms.errors import ConfigurationError

Link = Literal["wrapper", "hdlc", "iec"]
WRAPPER_PORT = 4059
SERIAL_SCHEMES = {"serial", "rfc2217", "socket", "loop", "spy"}
SCHEMES: dict[Link, set[str]] = {
    "wrapper": {"tcp", "udp", "pair"},
    "hdlc": {"tcp", "pair", *SERIAL_SCHEMES},
    "iec": {*SERIAL_SCHEMES},
}
OPTIONS = {"client", "server", "physical", "address_size", "baud", "device"}
LINES_WITH_A_SPEED = SERIAL_SCHEMES - {"socket"}  # what lies behind a plain socket keeps its speed
MEANINGS: Final[dict[str, tuple[Callable[[Link, str], bool], str]]] = {
    "physical": (lambda link, scheme: link != "wrapper", "a physical address is one of HDLC"),
    "address_size": (lambda link, scheme: link != "wrapper", "only addresses of HDLC have a size to choose"),
    "baud": (
        lambda link, scheme: link == "iec" or scheme in LINES_WITH_A_SPEED,
        "only serial lines and the sign-on of IEC 62056-21 have a speed",
    ),
    "device": (lambda link, scheme: link == "iec", "a device address belongs to the sign-on: iec+serial://"),
}
"""Option -> the links and schemes that it means something for, and why it means nothing for others."""

Use: TypeAlias = Literal["connect", "readout", "dialogue", "listen", "push"]
USES: Final[dict[Use, tuple[set[str], str]]] = {
    "connect": (OPTIONS, ""),
    "readout": ({"baud", "device"}, "in a readout, which has no addresses of HDLC"),
    "dialogue": ({"baud"}, "in a dialogue of IEC 62056-21, which says itself whom it is for"),
    "listen": ({"physical", "baud"}, "where a meter is served: clients say who they are and whom they want"),
    "push": ({"physical"}, "where a push is to go: it brings its addresses along"),
}
"""What a URL is used for -> the options that mean something there, and where others mean nothing."""
DEVICE = re.compile(r"[0-9A-Za-z ]{1,32}")


@dataclass(frozen=True, slots=True)
class Url:
    """What a URL says. `target` is what the transport opens: "host:port", a device, a pyserial URL, a pair's name."""

    link: Link
    scheme: str
    target: str
    host: str = ""
    port: int = WRAPPER_PORT
    client: int = 16
    server: int = 1
    physical: int | None = None
    address_size: int | None = None
    baud: int = 9600
    device: str = ""

    @classmethod
    def parse(cls, text: str, use: Use = "connect") -> Self:
        """The meaning of a URL; ConfigurationError for one that is not of these forms, or says what means nothing."""
        if not isinstance(text, str):
            raise ConfigurationError(f"a meter's URL is text, not {text!r:.80}")
        if not text.isprintable():
            raise ConfigurationError(f"a meter's URL holds nothing that cannot be printed: {text!r:.80}")
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
            host.encode("idna")  # what no resolver can be asked for; the error is a ValueError
        except ValueError as error:
            raise ConfigurationError(f"not a meter's URL: {error}") from None
        prefix, plus, scheme = parts.scheme.rpartition("+")
        link: Link = "wrapper"
        if plus and prefix in ("hdlc", "iec"):
            link = prefix  # type: ignore[assignment]  # one of the two just compared
        if (plus and prefix not in ("hdlc", "iec")) or scheme not in SCHEMES[link]:
            said = f"by {parts.scheme}://" if "://" in text else f"at {text!r:.80}, which has no scheme such as tcp://"
            raise ConfigurationError(f"no meter is reached {said}")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise ConfigurationError("a meter's URL holds no user, password or fragment")
        options = _options(parts.query)
        _check_meaning(options, link, scheme, use)
        if scheme in ("tcp", "udp"):
            if not host or parts.path not in ("", "/"):
                raise ConfigurationError(f"{scheme}:// wants a host, and a port perhaps")
            if port is None and link == "hdlc":
                raise ConfigurationError("HDLC over TCP has no port of its own: name one")
            port = WRAPPER_PORT if port is None else port
            target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        else:
            target = parts.netloc + parts.path
            if not target and scheme != "loop":
                raise ConfigurationError(f"{scheme}:// wants a name")
            if scheme in SERIAL_SCHEMES - {"serial"}:
                target = f"{scheme}://{target}"
            port = WRAPPER_PORT
        return cls(link=link, scheme=scheme, target=target, host=host, port=port, **options)


def with_options(url: str, **options: int) -> str:
    """The URL with more options."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(options)}"


def _check_meaning(options: Collection[str], link: Link, scheme: str, use: Use) -> None:
    """ConfigurationError for an option that would be passed over."""
    shown = scheme if link == "wrapper" else f"{link}+{scheme}"
    for name in options:
        means_something, why = MEANINGS.get(name, (None, ""))
        if means_something is not None and not means_something(link, scheme):
            raise ConfigurationError(f"the option {name} means nothing for {shown}://: {why}")
        known, where = USES[use]
        if name not in known:
            raise ConfigurationError(f"the option {name} means nothing {where}")


def _options(query: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise ConfigurationError("the options of a meter's URL are name=value, joined by &") from None
    for name, value in pairs:
        if name not in OPTIONS:
            raise ConfigurationError(f"a meter's URL has no option {name!r}; it has {', '.join(sorted(OPTIONS))}")
        if name in options:
            raise ConfigurationError(f"the option {name} is given twice")
        if name == "device":
            if not DEVICE.fullmatch(value):
                raise ConfigurationError("a device address is 1 to 32 letters, digits and blanks")
            options[name] = value
            continue
        if not (value.isascii() and value.isdigit()) or len(value) > 9:
            raise ConfigurationError(f"the option {name} is a number")
        options[name] = int(value)
    if options.get("address_size", 1) not in (1, 2, 4):
        raise ConfigurationError("address_size is 1, 2 or 4")
    return options

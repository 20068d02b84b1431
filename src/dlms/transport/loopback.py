"""Two ends in one process: `pair://name` reaches whoever listens under that name."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from dlms.errors import ConfigurationError, ConnectionLost

_listeners: dict[str, Callable[[socket.socket], None]] = {}
_lock = threading.Lock()


def listen(name: str, accept: Callable[[socket.socket], None]) -> None:
    """Have `accept` called with the far end of every connection to `name`, in the thread of who connects."""
    with _lock:
        if name in _listeners:
            raise ConfigurationError(f"pair://{name} is taken")
        _listeners[name] = accept


def silence(name: str) -> None:
    """Stop listening under `name`."""
    with _lock:
        _listeners.pop(name, None)


def connect(name: str) -> socket.socket:
    """Our end of a new connection to `name`; raises ConnectionLost where nobody listens."""
    with _lock:
        accept = _listeners.get(name)
    if accept is None:
        raise ConnectionLost(f"nobody listens under pair://{name}")
    ours, theirs = socket.socketpair()
    accept(theirs)
    return ours

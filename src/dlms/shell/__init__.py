"""What the shells for threads and for asyncio share, which is all but the waiting.

`target` says whom to connect to and `policy` how patiently; `session` is the conversation with a meter as a generator
of demands (`demands`), and `operations` builds what a caller asks for. A shell carries the demands out and gives its
callers their signatures.
"""

from __future__ import annotations

from dlms.shell.policy import Deadlines, Retries
from dlms.shell.target import Target

__all__ = ["Deadlines", "Retries", "Target"]

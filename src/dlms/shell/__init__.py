"""What the shells for threads and for asyncio share, which is all but the waiting.

`target` says whom to connect to, `session` is the conversation with a meter as a generator of demands (`demands`), and
`operations` builds what a caller asks for. A shell carries the demands out and gives its callers their signatures.
"""

from __future__ import annotations

from dlms.shell.target import Deadlines, Target

__all__ = ["Deadlines", "Target"]

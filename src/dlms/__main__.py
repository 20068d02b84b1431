"""`python -m dlms` is the command `dlms`."""

from __future__ import annotations

import sys

from dlms.cli import main

if __name__ == "__main__":
    sys.exit(main())

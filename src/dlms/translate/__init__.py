"""Messages and Data in other words: text for people, JSON and XML for programs (both back again), a JSON Schema and a
table for the documentation; all read from the declarations."""

from __future__ import annotations

from dlms.translate.json_form import from_json, to_json
from dlms.translate.text import to_text

__all__ = ["from_json", "to_json", "to_text"]

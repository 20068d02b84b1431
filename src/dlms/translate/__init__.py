"""Messages and Data in other words: text for people, JSON and XML for programs (both back again), a JSON Schema and a
table for the documentation; all read from the declarations."""

from __future__ import annotations

from dlms.translate.json_form import from_json, to_json
from dlms.translate.schema import json_schema, markdown_table
from dlms.translate.text import to_text
from dlms.translate.xml_form import from_xml, to_xml

__all__ = ["from_json", "from_xml", "json_schema", "markdown_table", "to_json", "to_text", "to_xml"]

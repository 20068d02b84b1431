"""Selective access: a declared descriptor, such as RangeDescriptor, as what a GET or SET carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from dlms.apdu.get import SelectiveAccessDescriptor
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import EntryDescriptor, RangeDescriptor
from dlms.data import Data
from dlms.errors import ConfigurationError, EncodeError
from dlms.grammar import data_node, dumps

Selection: TypeAlias = SelectiveAccessDescriptor | RangeDescriptor | EntryDescriptor | Any
"""A descriptor as it is sent, or a value of a type that the attribute declares for one of its selectors."""

OF_A_BUFFER: Final[Mapping[int, Any]] = {1: data_node(RangeDescriptor), 2: data_node(EntryDescriptor)}
"""The selectors of a profile's buffer, for an address without a declaration."""


def selective_access(ref: AttributeRef[Any], selection: Selection | None) -> SelectiveAccessDescriptor | None:
    """What is sent for a selection; ConfigurationError where no selector of the attribute takes it.

    The first selector whose declared access parameters it fits is taken.
    """
    if selection is None:
        return None
    if isinstance(selection, SelectiveAccessDescriptor):
        parameters = selection.access_parameters
        return _described(selection.access_selector, dumps(parameters) if isinstance(parameters, Data) else parameters)
    selectors = OF_A_BUFFER if ref.declaration is None else ref.declaration.selectors
    for selector, node in selectors.items():
        try:
            return _described(selector, dumps(selection, node))
        except EncodeError:
            continue
    raise ConfigurationError(f"{ref} has no selective access by {selection!r:.80}")


def _described(selector: int, parameters: Any) -> SelectiveAccessDescriptor:
    """With its parameters as the octets of a Data, as requests with octets want them."""
    return SelectiveAccessDescriptor(selector, parameters)

"""The grammar: APDUs and COSEM types written once, in the book's words, and read many times.

A message is a class; its annotations are the fields, one line for each line of the ASN.1::

    @sequence(tag=1)
    class GetRequestNormal(Message):
        invoke_id_and_priority: Unsigned8
        cosem_attribute_descriptor: CosemAttributeDescriptor
        access_selection: SelectiveAccessDescriptor | None = None      # OPTIONAL

    GetRequest = GetRequestNormal | GetRequestNext | GetRequestWithList     # CHOICE

=====================================  ========================================================================
annotation                             meaning
=====================================  ========================================================================
`Unsigned8` ... `ObjectIdentifier`     a primitive (dlms.grammar.primitives)
an IntEnum                             ENUMERATED; a CodeTable keeps the numbers that it does not know
`Data`                                 any COSEM Data, as a typed value of dlms.data
another declared class                 that SEQUENCE
`A | B`                                CHOICE: of declared classes, or of anything as `Annotated[X, Tag(0, "name")]`
`tuple[X, ...]`                        SEQUENCE OF
`X | None = None`, `X = value`         OPTIONAL, DEFAULT
`Annotated[X, IN_OCTETS]`              X inside an OCTET STRING
`Annotated[X | None, when(...)]`       there only if an earlier field says so
`Annotated[X, context(3)]`             the tag of a field under BER
=====================================  ========================================================================

A type of COSEM Data is a class of dlms.data (`DoubleLongUnsigned`), `array(of)`, `structure(A, B)`, `choice(A, B)`,
`octets(CosemDateTime)`, an IntEnum (Data type enum), or a class with named fields::

    @structure
    class ScalerUnit:
        scaler: Annotated[int, Integer]
        unit: Unit

`node(declared)` gives the Node (dlms.grammar.nodes): a small immutable tree with `children()`, names, presence, tags
and Python types, from which everything else is read. `program(declared)` gives its compiled program; `decode`,
`encode` and, for COSEM Data, `dumps` run it.
"""

from __future__ import annotations

from dlms.grammar.declarations import (
    Declared,
    Message,
    array,
    book_name,
    choice,
    data_node,
    enclose,
    node,
    octets,
    sequence,
    structure,
)
from dlms.grammar.nodes import AXDR, BER, Node, Rules
from dlms.grammar.primitives import (
    IN_OCTETS,
    OMISSIBLE,
    BitString,
    Boolean,
    DateTimeOctets,
    Integer8,
    Integer16,
    Integer32,
    NullType,
    ObjectIdentifier,
    OctetString,
    OctetString6,
    OctetString12,
    RemainingOctets,
    Tag,
    Unsigned8,
    Unsigned16,
    Unsigned32,
    Unsigned64,
    VisibleString,
    context,
    when,
)
from dlms.grammar.programs import decode, decode_open_ended, dumps, encode, program

__all__ = [
    "AXDR",
    "BER",
    "IN_OCTETS",
    "OMISSIBLE",
    "BitString",
    "Boolean",
    "DateTimeOctets",
    "Declared",
    "Integer8",
    "Integer16",
    "Integer32",
    "Message",
    "Node",
    "NullType",
    "ObjectIdentifier",
    "OctetString",
    "OctetString6",
    "OctetString12",
    "RemainingOctets",
    "Rules",
    "Tag",
    "Unsigned8",
    "Unsigned16",
    "Unsigned32",
    "Unsigned64",
    "VisibleString",
    "array",
    "book_name",
    "choice",
    "context",
    "data_node",
    "decode",
    "decode_open_ended",
    "dumps",
    "enclose",
    "encode",
    "node",
    "octets",
    "program",
    "sequence",
    "structure",
    "when",
]

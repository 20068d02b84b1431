from collections.abc import Iterable, Sequence
from types import MemberDescriptorType
from typing import Any, ClassVar, Final, final

REQUIRED: Final[object]

@final
class Fields:
    def __init__(
        self,
        fields: Sequence[tuple[str, MemberDescriptorType, Any]],
        fixed: Iterable[tuple[MemberDescriptorType, Any]] = ...,
        positional: int | None = None,
    ) -> None: ...

class Record:
    __fields__: ClassVar[Fields]
    def __init__(self, *given: Any, **named: Any) -> None: ...

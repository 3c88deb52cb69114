"""What types are said with. Programs do without the library's own words, whose module is large."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as Any
    from typing import Generic as Generic
    from typing import Protocol as Protocol
    from typing import TypeVar as TypeVar
else:
    Any = object

    class Protocol:
        """Says no more than its name."""

    class Generic:
        """Of anything."""

        def __class_getitem__(cls, _kind: object) -> type:
            return cls

    class TypeVar:
        """A name for a type."""

        def __init__(self, name: str, bound: object = None) -> None:
            self.__name__ = name

"""Takes one JSON object apart, field by field: says what is wrong, keeps what is not known."""

from __future__ import annotations

import json
import marshal
import math
from collections.abc import Callable, Mapping
from enum import Enum

from tinysched.errors import SpoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    _E = TypeVar("_E", bound=Enum)
    _T = TypeVar("_T")

# A record is never so deep; what is deeper would only cost the parser's stack.
_MISSING = object()
# Of objects inside that are alike, so many kinds are kept.
_MOST_ALIKE = 256
# With references the same value can be written in several ways.
_WITHOUT_REFERENCES = 2
_NEW_LINE = "\n"
_LITERALS = {None: "null", True: "true", False: "false"}
_quoted = json.encoder.encode_basestring_ascii


def parse(raw: bytes, where: str) -> Fields:
    """Read a file's one JSON object.

    Raises: SpoolError, whatever the bytes are.
    """
    try:
        value = json.loads(raw.rstrip(b"\0"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SpoolError(f"cannot read {where}: it is no JSON object: {error}") from error
    return Fields(value, where, "")


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no number here")


def render(record: Mapping[str, object]) -> bytes:
    """One JSON object as text for people and programs; ASCII, so that any bytes in names pass."""
    return f"{_rendered(record, _NEW_LINE)}\n".encode("ascii")


def _rendered(value: Any, line: str) -> str:  # noqa: ANN401 -- told apart by its very type
    """What json.dumps(value, indent=2) makes, in a third of the time; `line` begins a line."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is int:
        return repr(value)
    if value is None or kind is bool:
        return _LITERALS[value]
    inner = f"{line}  "
    if kind is dict:
        items = [f"{_quoted(name)}: {_rendered(one, inner)}" for name, one in value.items()]
        ends = "{}"
    elif kind is list or kind is tuple:
        items = [_rendered(one, inner) for one in value]
        ends = "[]"
    elif kind is float and math.isfinite(value):
        return repr(value)
    else:
        return json.dumps(value, indent=2, allow_nan=False).replace("\n", line)
    return f"{ends[0]}{inner}{f',{inner}'.join(items)}{line}{ends[1]}" if items else ends


def merged(known: Mapping[str, object], unknown: Mapping[str, object]) -> dict[str, object]:
    """Put back what was not known when the record was read; what is known wins."""
    result = dict(known)
    for name, value in unknown.items():
        mine = result.get(name, _MISSING)
        if mine is _MISSING:
            result[name] = value
        elif isinstance(mine, dict) and isinstance(value, dict):
            result[name] = merged(mine, value)
    return result


class Fields:
    """The fields of one object; each is asked for once, what nobody asked for is unknown."""

    def __init__(self, value: object, where: str, prefix: str) -> None:
        if not isinstance(value, dict):
            raise SpoolError(f"cannot read {where}: {prefix or 'it'} is no JSON object")
        self._left: dict[str, object] = dict(value)
        self._inner: dict[str, Fields] = {}
        self._where = where
        self._prefix = prefix

    def unknown(self) -> dict[str, object]:
        """What nobody asked for, here and in the objects inside."""
        result = dict(self._left)
        for name, fields in self._inner.items():
            inner = fields.unknown()
            if inner:
                result[name] = inner
        return result

    def wrong(self, name: str, why: str) -> SpoolError:
        """A sentence about one field."""
        return SpoolError(f"cannot read {self._where}: field '{self._prefix}{name}' {why}")

    def has(self, name: str) -> bool:
        """Whether it is there and not null."""
        return self._left.get(name) is not None

    def text(self, name: str) -> str:
        """A text."""
        value = self._take(name)
        if not isinstance(value, str):
            raise self.wrong(name, "is no text")
        return value

    def optional_text(self, name: str) -> str | None:
        """A text or nothing."""
        return self.text(name) if self.present(name) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(name)
        if not isinstance(value, list):
            raise self.wrong(name, "is no list of texts")
        texts = tuple(item for item in value if isinstance(item, str))
        if len(texts) != len(value):
            raise self.wrong(name, "is no list of texts")
        return texts

    def lists(self, name: str) -> list[list[object]]:
        """A list of lists of any values."""
        value = self._take(name)
        if not isinstance(value, list) or not all(isinstance(item, list) for item in value):
            raise self.wrong(name, "is no list of lists")
        return value

    def mapping(self, name: str) -> dict[str, str]:
        """Texts by name."""
        value = self._take(name)
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self.wrong(name, "is no set of named texts")
        return value

    def integer(self, name: str, least: int | None = 0) -> int:
        """A whole number; `least` None: it may be negative."""
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, "is no whole number")
        if least is not None and value < least:
            raise self.wrong(name, f"is below {least}")
        return value

    def optional_integer(self, name: str, least: int | None = 0) -> int | None:
        """A whole number or nothing."""
        return self.integer(name, least) if self.present(name) else None

    def number(self, name: str) -> float:
        """A finite number."""
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(name, "is no number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.wrong(name, "is too large")
        return number

    def optional_number(self, name: str) -> float | None:
        """A finite number or nothing."""
        return self.number(name) if self.present(name) else None

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "is neither true nor false")
        return value

    def choice(self, name: str, kind: type[_E]) -> _E:
        """One of a set of words."""
        value = self._take(name)
        try:
            return kind(value)
        except ValueError as error:
            raise self.wrong(name, f"is {value!r}, which is no {kind.__name__}") from error

    def inside(self, name: str) -> Fields:
        """An object inside."""
        fields = Fields(self._take(name), self._where, f"{self._prefix}{name}.")
        self._inner[name] = fields
        return fields

    def alike(
        self, name: str, read: Callable[[Fields], _T], former: dict[bytes, tuple[_T, Fields]]
    ) -> _T:
        """What is made of an object inside; of those that are alike the same, made once."""
        value: Any = self._take(name)  # Any: whatever JSON can hold
        key = marshal.dumps(value, _WITHOUT_REFERENCES)
        known = former.get(key)
        if known is None:
            fields = Fields(value, self._where, f"{self._prefix}{name}.")
            known = read(fields), fields
            if len(former) >= _MOST_ALIKE:
                former.clear()
            former[key] = known
        self._inner[name] = known[1]
        return known[0]

    def optional_inside(self, name: str) -> Fields | None:
        """An object inside, or nothing."""
        return self.inside(name) if self.present(name) else None

    def _take(self, name: str) -> object:
        value = self._left.pop(name, _MISSING)
        if value is _MISSING:
            raise self.wrong(name, "is missing")
        return value

    def present(self, name: str) -> bool:
        """Whether it is there and not null; a null is known, too."""
        if self._left.get(name) is not None:
            return True
        self._left.pop(name, None)
        return False

"""Values: classes of named fields, as the library's dataclasses, for a tenth of what those cost.

A dispatcher knows nearly 300 such classes, an agent 140. The library compiles six functions for
each as it is defined, which takes 17 KiB and 0.7 ms a class, and needs inspect, ast and dis. Here
the classes inherit all that can be shared; the constructor, which cannot, is compiled when the
first value is made. To the library's own functions these classes are dataclasses.

Not here, because nobody needs it: values that inherit from values, values without slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter

TYPE_CHECKING = False  # true for whoever checks types; typing itself is large
if TYPE_CHECKING:
    from typing import Any

_NONE = object()  # no default
_TO_BE = "to be"


class _Field:
    """One field: its default, or what makes one, and whether it is shown."""

    __slots__ = ("default", "default_factory", "metadata", "name", "repr")

    def __init__(
        self,
        *,
        default: object = _NONE,
        default_factory: Callable[[], object] | None = None,
        repr: bool = True,
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        self.name = ""
        self.default = default
        self.default_factory = default_factory
        self.repr = repr
        self.metadata = metadata or {}


class _LibraryFields:
    """The fields in the library's own words, made when somebody asks for them."""

    def __get__(self, _value: object, owner: type[_Value]) -> object:
        import dataclasses

        in_its_words: Callable[..., object] = dataclasses.field
        described = []
        for one in owner.__values__:
            words: dict[str, object] = {"repr": one.repr, "metadata": one.metadata}
            if one.default_factory is not None:
                words["default_factory"] = one.default_factory
            elif one.default is not _NONE:
                words["default"] = one.default
            described.append((one.name, owner.__annotations__[one.name], in_its_words(**words)))
        twin: Any = dataclasses.make_dataclass(owner.__name__, described, kw_only=True)
        type.__setattr__(owner, "__dataclass_fields__", twin.__dataclass_fields__)
        return twin.__dataclass_fields__


class _Value:
    """What all values have in common."""

    __slots__ = ()
    __values__: tuple[_Field, ...]  # in the order in which they were written
    __key__: Callable[[_Value], object]
    __dataclass_fields__ = _LibraryFields()

    def __repr__(self) -> str:
        shown = (f"{one.name}={getattr(self, one.name)!r}" for one in self.__values__ if one.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Value) or other.__class__ is not self.__class__:
            return NotImplemented
        key = type(self).__key__
        return key(self) == key(other)

    __hash__ = None  # type: ignore[assignment] # who can be changed is no key


class _Frozen(_Value):
    """A value that nobody changes."""

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override] # the one above says that it has none
        return hash(type(self).__key__(self))

    def __setattr__(self, name: str, _new: object) -> None:
        _refuse(name)

    def __delattr__(self, name: str) -> None:
        _refuse(name)


def _dataclass(
    *, frozen: bool = False, slots: bool = False, kw_only: bool = False
) -> Callable[[type], type]:
    """Makes a class of values out of annotated names."""
    if not slots:
        raise TypeError("values have slots")

    def make(cls: type) -> type:
        if issubclass(cls, _Value):
            raise TypeError(f"{cls.__name__}: a value inherits from no other")
        body = dict(cls.__dict__)
        found = tuple(_taken(body, name) for name in cls.__annotations__)
        names = tuple(one.name for one in found)
        for name in ("__dict__", "__weakref__"):
            body.pop(name, None)
        body["__slots__"] = names
        body["__values__"] = found
        body["__key__"] = attrgetter(*names) if names else _no_key
        body["__match_args__"] = () if kw_only else names
        bases = tuple(base for base in cls.__bases__ if base is not object)
        made = type(cls.__name__, (*bases, _Frozen if frozen else _Value), body)
        type.__setattr__(made, "__init__", _constructor_to_be(made, frozen, kw_only))
        return made

    return make


def _taken(body: dict[str, object], name: str) -> _Field:
    """A field as a class body has it, taken out of there."""
    default = body.pop(name, _NONE)
    found = default if isinstance(default, _Field) else _Field(default=default)
    found.name = name
    return found


def _no_key(_value: _Value) -> object:
    return ()


def _constructor_to_be(cls: type[_Value], frozen: bool, kw_only: bool) -> Callable[..., None]:
    """What stands in for the constructor until the first value is made."""

    def make_both(self: _Value | None, *arguments: object, **named: object) -> None:
        constructor = _constructor(cls, frozen, kw_only)
        type.__setattr__(cls, "__init__", constructor)
        if self is not None:
            constructor(self, *arguments, **named)

    make_both.__name__ = _TO_BE
    return make_both


def prepare(*classes: type) -> None:
    """Compiles constructors now: what is forked later does not do so every time."""
    for cls in classes:
        constructor: Any = type.__getattribute__(cls, "__init__")
        if constructor.__name__ == _TO_BE:
            constructor(None)


def _constructor(cls: type[_Value], frozen: bool, kw_only: bool) -> Callable[..., None]:
    words: dict[str, Any] = {"_NONE": _NONE}
    parameters = ["self"]
    lines = []
    if kw_only and cls.__values__:
        parameters.append("*")
    for number, one in enumerate(cls.__values__):
        name = given = one.name
        if one.default_factory is not None:
            words[f"_make{number}"] = one.default_factory
            parameters.append(f"{name}=_NONE")
            given = f"_make{number}() if {name} is _NONE else {name}"
        elif one.default is not _NONE:
            words[f"_default{number}"] = one.default
            parameters.append(f"{name}=_default{number}")
        else:
            parameters.append(name)
        if frozen:  # its slot takes what it may not be assigned
            words[f"_set{number}"] = getattr(cls, name).__set__
            lines.append(f" _set{number}(self, {given})")
        else:
            lines.append(f" self.{name} = {given}")
    head = f"def __init__({', '.join(parameters)}):"
    exec("\n".join([head, *lines, " return None"]), words)
    made: Callable[..., None] = words["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    return made


def _refuse(name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change field {name!r}")


def _fields(value: _Value | type[_Value]) -> tuple[_Field, ...]:
    """The fields of a value, or of its class."""
    return value.__values__


def _replace(value: _Value, /, **changes: object) -> _Value:
    """The same value, but for what is named."""
    cls = type(value)
    copy = _copiers.get(cls)
    if copy is None:
        copy = _copiers[cls] = _copier(cls)
    new = copy(value)
    for name, one in changes.items():
        if name not in cls.__slots__:
            raise TypeError(f"{cls.__name__} has no field {name!r}")
        getattr(cls, name).__set__(new, one)
    return new


_copiers: dict[type[_Value], Callable[[_Value], _Value]] = {}


def _copier(cls: type[_Value]) -> Callable[[_Value], _Value]:
    """What makes a value with the same fields."""
    names: tuple[str, ...] = cls.__slots__
    words: dict[str, Any] = {f"_set{n}": getattr(cls, name).__set__ for n, name in enumerate(names)}
    lines = [f" _set{number}(new, value.{name})" for number, name in enumerate(names)]
    words |= {"_new": object.__new__, "_cls": cls}
    exec("\n".join(["def copy(value):", " new = _new(_cls)", *lines, " return new"]), words)
    made: Callable[[_Value], _Value] = words["copy"]
    return made


def _asdict(value: _Value) -> dict[str, object]:
    """The fields and what they hold, values among that likewise."""
    return {one.name: _plain(getattr(value, one.name)) for one in value.__values__}


def _plain(held: object) -> object:
    if isinstance(held, _Value):
        return _asdict(held)
    if isinstance(held, dict):
        return {_plain(key): _plain(one) for key, one in held.items()}
    if isinstance(held, list | tuple):
        return type(held)(map(_plain, held))
    return held


if TYPE_CHECKING:
    from dataclasses import asdict as asdict
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import fields as fields
    from dataclasses import replace as replace
else:
    dataclass, field, fields = _dataclass, _Field, _fields
    replace, asdict = _replace, _asdict

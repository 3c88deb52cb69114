"""What a YAML file says, key by key. Its parser is large: whoever lives long has a child read.

Nothing here knows what the keys mean.
"""

from __future__ import annotations

import marshal
from dataclasses import dataclass

from tinysched.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import yaml


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: the line it is on, its value, and how that is shown.

    `is_plain` False: no number, text, list or mapping.
    """

    name: str
    line: int
    is_plain: bool
    value: object
    shown: str


def packed(text: str, path: str) -> bytes:
    """In the child: what `of_text` finds, or what is wrong with it."""
    try:
        found = of_text(text, path)
    except ConfigError as error:
        return marshal.dumps(error.sentence)
    return marshal.dumps([(e.name, e.line, e.is_plain, e.value, e.shown) for e in found])


def unpacked(answer: bytes, path: str) -> list[Entry]:
    """What a child has sent of a file.

    Raises: ConfigError, as `of_text` would have there.
    """
    found = marshal.loads(answer) if answer else f"cannot read {path}: its reader died"
    if isinstance(found, str):
        raise ConfigError(found)
    return [Entry(*entry) for entry in found]


def of_text(text: str, path: str) -> list[Entry]:
    """What a file says, key by key; `path` is for the messages.

    Raises: ConfigError.
    """
    import yaml  # large; only here

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(
            f"cannot read {path} line {line}: {error.problem or 'not YAML'}"
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        first = (str(error).splitlines() or ["nested too deeply"])[0]
        raise ConfigError(f"cannot read {path}: {first}") from None
    if root is None or root.tag.endswith(":null"):
        return []
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"cannot read {path} line 1: expected lines of the form 'key: value'")
    return [_entry(key, value) for key, value in root.value]


def _entry(key: yaml.Node, value: yaml.Node) -> Entry:
    """One line of the file, as Python knows it."""
    import yaml

    name = key.value if isinstance(key, yaml.ScalarNode) else "?"
    shown = value.value if isinstance(value, yaml.ScalarNode) else "a list or mapping"
    line = int(key.start_mark.line) + 1  # counted from 1
    try:
        return Entry(name, line, True, _plain(value), shown)
    except ValueError:
        return Entry(name, line, False, None, shown)


def _plain(node: yaml.Node, depth: int = 2) -> object:
    """Scalars, lists and mappings as Python values; what nests deeper is no value of ours.

    Raises: ValueError.
    """
    import yaml

    if isinstance(node, yaml.MappingNode) and depth:
        pairs = [(_scalar(key), _plain(value, depth - 1)) for key, value in node.value]
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError
        return dict(pairs)
    if isinstance(node, yaml.SequenceNode):
        return [_scalar(entry) for entry in node.value]
    return _scalar(node)


def _scalar(node: yaml.Node) -> object:
    import yaml

    if not isinstance(node, yaml.ScalarNode):
        raise ValueError
    try:
        found: object = yaml.SafeLoader("").construct_object(node)
    except yaml.YAMLError:
        raise ValueError from None
    if found is not None and not isinstance(found, str | int | float):
        raise ValueError  # a date, bytes
    return found

"""Parts of the queue with rules of their own, as the configuration names them.

Source: slurm.conf(5), partitions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WORDS = (
    "a list of names, each with any of default: yes, max_time_s, default_time_s (seconds),"
    " default_mem_per_cpu_mib (MiB), cores (a number), users (a list of names)"
)
_KEYS = frozenset(
    ("default", "max_time_s", "default_time_s", "default_mem_per_cpu_mib", "cores", "users")
)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MOST = 2**40
_MOST_PARTITIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One partition: None means that it has no such rule. `users` None: everybody."""

    name: str
    is_default: bool = False
    max_time_s: int | None = None
    default_time_s: int | None = None
    default_mem_per_cpu_mib: int | None = None
    cores: int | None = None
    users: frozenset[str] | None = None


def read(value: object) -> tuple[Partition, ...]:
    """The partitions that a mapping from names to rules means; exactly one is the default.

    Raises: ValueError.
    """
    if value == []:
        return ()
    if not isinstance(value, Mapping) or len(value) > _MOST_PARTITIONS:
        raise ValueError
    found = [_partition(name, rules) for name, rules in value.items()]
    defaults = [partition for partition in found if partition.is_default]
    if len(defaults) > 1:
        raise ValueError
    if found and not defaults:
        first = found[0]
        found[0] = _partition(first.name, {**(value[first.name] or {}), "default": True})
    return tuple(found)


def _partition(name: object, rules: object) -> Partition:
    rules = {} if rules is None else rules
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError
    if not isinstance(rules, Mapping) or not rules.keys() <= _KEYS:
        raise ValueError
    is_default = rules.get("default", False)
    if not isinstance(is_default, bool):
        raise ValueError
    return Partition(
        name=name,
        is_default=is_default,
        max_time_s=_whole(rules.get("max_time_s")),
        default_time_s=_whole(rules.get("default_time_s")),
        default_mem_per_cpu_mib=_whole(rules.get("default_mem_per_cpu_mib")),
        cores=_whole(rules.get("cores")),
        users=_users(rules.get("users")),
    )


def _whole(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        raise ValueError
    return value


def _users(value: object) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError
    names = [str(entry) for entry in value if not isinstance(entry, bool | float | None)]
    if len(names) != len(value) or not all(map(_NAME.fullmatch, names)):
        raise ValueError
    return frozenset(names)

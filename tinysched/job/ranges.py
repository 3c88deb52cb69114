"""Sets of task indices, kept as few spans: an array of a million tasks is one line.

A set is a tuple of disjoint spans in order of their first index. Mostly they lie one after another;
then the spans are a function of the set. Where two steps interleave (every second task without
every third) spans may overlap in reach, so that the work is bounded by spans and not by indices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import chain, islice

from tinysched.job.spans import (
    Span,
    affected,
    arrange,
    count,
    in_runs,
    is_ordered,
    make_span,
    meet,
    parse_spans,
    render,
    splice,
    subtract,
    sweep,
    within_reach,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """An immutable set of task indices. Make one with `of`, `span`, `parse` or `Ranges()`."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, indices: Iterable[int]) -> Ranges:
        """The set of these indices, in any order, duplicates allowed."""
        return cls(spans=in_runs((i, i, 1) for i in sorted(set(indices))))

    @classmethod
    def span(cls, first: int, last: int, step: int = 1) -> Ranges:
        """The indices from `first` to `last` inclusive, every `step`-th.

        Raises: ValueError when the span is empty or the step is not positive.
        """
        if step < 1 or last < first:
            raise ValueError(f"no span: {first}-{last}:{step}")
        return cls(spans=in_runs([make_span(first, last, step)]))

    @classmethod
    def parse(cls, text: str) -> Ranges:
        """The set that `str()` wrote as `text`; overlaps and any order are taken, too.

        Raises: ValueError.
        """
        spans = parse_spans(text)
        if is_ordered(spans):
            return cls(spans=in_runs(spans))
        sets = [cls(spans=in_runs([span])) for span in spans]
        while len(sets) > 1:  # in pairs, so that a long list costs little
            sets = [
                sets[i] | sets[i + 1] if i + 1 < len(sets) else sets[i]
                for i in range(0, len(sets), 2)
            ]
        return sets[0]

    @property
    def first(self) -> int:
        """The smallest index. Raises: ValueError when the set is empty."""
        if not self.spans:
            raise ValueError("an empty set has no first index")
        return self.spans[0][0]

    @property
    def last(self) -> int:
        """The largest index. Raises: ValueError when the set is empty."""
        if not self.spans:
            raise ValueError("an empty set has no last index")
        return max(last for _, last, _ in self.spans)

    def add(self, index: int) -> Ranges:
        """This set with `index` in it."""
        return self | Ranges(spans=((index, index, 1),))

    def remove(self, index: int) -> Ranges:
        """This set without `index`, whether it was there or not."""
        return self - Ranges(spans=((index, index, 1),))

    def take(self, count: int) -> tuple[int, ...]:
        """The `count` smallest indices, or all there are."""
        return tuple(islice(self, max(count, 0)))

    def __or__(self, other: Ranges) -> Ranges:
        """Every index of either."""
        dense, combs = _dense(self, other), _combs(self, other)
        if not dense or not combs:
            return self._joined(other)
        # Runs stay whole and combs are cut: a run without the teeth of a comb is as many pieces.
        runs = dense[0] if len(dense) == 1 else dense[0]._joined(dense[1])
        teeth = Ranges()
        for comb in combs:
            teeth = teeth._joined(comb - runs)
        return runs._joined(teeth)

    def _joined(self, other: Ranges) -> Ranges:
        """Every index of either, where both are of one kind or have nothing in common."""
        if not self.spans or not other.spans:
            return self if self.spans else other
        if len(self) < len(other):  # the larger one stays whole: so the pieces are few
            return other._joined(self)
        new = other - self
        if not (new and is_ordered(self.spans)):
            return _set_of([*self.spans, *new.spans])
        begin, end = affected(self.spans, new.first, new.last)
        return _patched(self.spans, begin, end, arrange([*self.spans[begin:end], *new.spans]))

    def __and__(self, other: Ranges) -> Ranges:
        """The indices of both."""
        ordered = is_ordered(other.spans)
        return _set_of(
            common
            for mine in self.spans
            for its in within_reach(other.spans, mine, ordered)
            if (common := meet(mine, its)) is not None
        )

    def __sub__(self, other: Ranges) -> Ranges:
        """The indices of this set that are not in the other."""
        if not self.spans or not other.spans:
            return self
        whole = is_ordered(self.spans)
        begin, end = (
            affected(self.spans, other.first, other.last) if whole else (0, len(self.spans))
        )
        ordered = is_ordered(other.spans)
        rest: list[Span] = []
        for mine in self.spans[begin:end]:
            its = within_reach(other.spans, mine, ordered)
            rest.extend(sweep(mine, its) if ordered else subtract(mine, its))
        return _patched(self.spans, begin, end, arrange(rest)) if whole else _set_of(rest)

    def __contains__(self, index: object) -> bool:
        if not isinstance(index, int):
            return False
        return any(
            first <= index <= last and (index - first) % step == 0
            for first, last, step in self.spans
        )

    def __iter__(self) -> Iterator[int]:
        """Ascending."""
        runs = [range(first, last + 1, step) for first, last, step in self.spans]
        return chain.from_iterable(runs) if is_ordered(self.spans) else merge(*runs)

    def __len__(self) -> int:
        return sum(count(span) for span in self.spans)

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ranges):
            return NotImplemented
        if self.spans == other.spans:
            return True
        return len(self) == len(other) and not self - other

    def __hash__(self) -> int:
        return hash((len(self), self.first, self.last)) if self.spans else 0

    def __str__(self) -> str:
        """`1-3,7,9-15:2`; the empty set is an empty text."""
        return ",".join(render(span) for span in self.spans)


def _patched(spans: tuple[Span, ...], begin: int, end: int, middle: tuple[Span, ...]) -> Ranges:
    """The set of ordered spans with `middle` in the place of some."""
    if is_ordered(middle):
        return Ranges(spans=splice(spans, begin, end, middle))
    return _set_of([*spans[:begin], *middle, *spans[end:]])


def _set_of(spans: Iterable[Span]) -> Ranges:
    return Ranges(spans=arrange(spans))


def _dense(*sets: Ranges) -> list[Ranges]:
    """The runs without a gap in each of some sets; nothing for a set that has none."""
    runs = (tuple(span for span in each.spans if span[2] == 1) for each in sets)
    return [Ranges(spans=spans) for spans in runs if spans]


def _combs(*sets: Ranges) -> list[Ranges]:
    """The spans with a step in each of some sets; nothing for a set that has none."""
    combs = (tuple(span for span in each.spans if span[2] > 1) for each in sets)
    return [Ranges(spans=spans) for spans in combs if spans]

"""Arithmetic on spans of indices, the parts of a set: meet, take away, lay out in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from math import gcd, inf

Span = tuple[int, int, int]  # first, last (a member), step; a single index has step 1

# More digits than any index has: beyond them a text is no index, however long it is.
_MOST_DIGITS = 18
# A tangle of so few indices is laid out one by one, for the sake of its readers.
_SMALL_TANGLE = 64
_FEW_SPANS = 16


def make_span(first: int, last: int, step: int) -> Span:
    """The span from `first`, which ends with its last member not beyond `last`."""
    last = first + (last - first) // step * step
    return (first, last, step if last > first else 1)


def count(span: Span) -> int:
    """How many indices it has."""
    return (span[1] - span[0]) // span[2] + 1


def render(span: Span) -> str:
    """`7`, `1-3` or `9-15:2`."""
    first, last, step = span
    if first == last:
        return str(first)
    return f"{first}-{last}" if step == 1 else f"{first}-{last}:{step}"


def is_ordered(spans: Sequence[Span]) -> bool:
    """Whether each span lies wholly before the next."""
    return all(spans[i][1] < spans[i + 1][0] for i in range(len(spans) - 1))


def parse_spans(text: str) -> tuple[Span, ...]:
    """The spans that a list such as `1-3,7,9-15:2` names, as they stand there.

    Raises: ValueError.
    """
    return tuple(_parse_span(item) for item in text.split(",")) if text else ()


def _parse_span(text: str) -> Span:
    bounds, colon, step = text.partition(":")
    first, dash, last = bounds.partition("-")
    if colon and not dash:
        raise ValueError(f"a step without a range: {text!r}")
    low = _number(first)
    high = _number(last) if dash else low
    stride = _number(step) if colon else 1
    if high < low or not stride:
        raise ValueError(f"no range: {text!r}")
    return make_span(low, high, stride)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError(f"not an index: {text[:_MOST_DIGITS]!r}")
    return int(text)


def affected(spans: tuple[Span, ...], low: int, high: int) -> tuple[int, int]:
    """Where those of some ordered spans begin and end that reach into `low` to `high`."""
    return (
        bisect_left(spans, low, key=_last),
        bisect_right(spans, (high, inf, inf)),
    )


def within_reach(spans: tuple[Span, ...], span: Span, ordered: bool) -> tuple[Span, ...]:
    """A slice of `spans` that holds all which may meet `span`; the others in it do no harm."""
    end = bisect_right(spans, (span[1], inf, inf))
    begin = bisect_left(spans, span[0], hi=end, key=_last) if ordered else 0
    return spans[begin:end]


def _last(span: Span) -> int:
    return span[1]


def _clip(span: Span, low: float, high: float) -> Span | None:
    """The members of `span` from `low` to `high` inclusive, if there are any."""
    first, last, step = span
    if low > first:
        first += -(-(int(low) - first) // step) * step
    if high < last:
        last = int(high)
    return make_span(first, last, step) if first <= last else None


def meet(one: Span, two: Span) -> Span | None:
    """The common members: again a span (Chinese remainder theorem)."""
    common = gcd(one[2], two[2])
    apart, uneven = divmod(two[0] - one[0], common)
    if uneven:
        return None
    modulus = two[2] // common
    turns = apart * pow(one[2] // common, -1, modulus) % modulus if modulus > 1 else 0
    meeting = one[0] + turns * one[2]
    return _clip(
        (meeting, max(meeting, min(one[1], two[1])), one[2] * modulus),
        max(one[0], two[0]),
        min(one[1], two[1]),
    )


def _minus(span: Span, other: Span) -> Iterator[Span]:
    """The members of `span` that are not in `other`, as few spans."""
    common = meet(span, other)
    if common is None:
        yield span
        return
    first, last, stride = common
    step = span[2]
    holes = count(common)
    for part in (_clip(span, -inf, first - 1), _clip(span, last + 1, inf)):
        if part is not None:
            yield part
    kept = stride // step - 1  # members between two holes
    if holes == 1 or kept == 0:
        return
    if holes - 1 <= kept:
        for hole in range(first, last, stride):
            yield make_span(hole + step, hole + stride - step, step)
    else:
        for shift in range(step, stride, step):
            yield make_span(first + shift, last - stride + shift, stride)


def sweep(span: Span, others: Iterable[Span]) -> Iterator[Span]:
    """`span` without `others`, which lie one after another: one pass from left to right."""
    rest: Span | None = span
    for other in others:
        if rest is None:
            return
        low, high, _ = other
        if (before := _clip(rest, -inf, low - 1)) is not None:
            yield before
        if (beside := _clip(rest, low, high)) is not None:
            yield from _minus(beside, other)
        rest = _clip(rest, high + 1, inf)
    if rest is not None:
        yield rest


def subtract(span: Span, others: Iterable[Span]) -> list[Span]:
    """`span` without `others`, which may interleave."""
    rest = [span]
    for other in others:
        rest = [part for piece in rest for part in _minus(piece, other)]
    return rest


def arrange(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Disjoint spans in any order as few spans in order."""
    out: list[Span] = []
    tidy: list[Span] = []
    for tangle in _tangles(sorted(spans)):
        parts = _untangle(tangle)
        if is_ordered(parts):
            tidy.extend(parts)
        else:
            out.extend((*in_runs(tidy), *parts))
            tidy = []
    return (*out, *in_runs(tidy))


def _tangles(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Groups of spans within one another's reach; most have one member."""
    tangle: list[Span] = []
    reach: float = -inf
    for span in spans:
        if span[0] > reach and tangle:
            yield tangle
            tangle = []
        tangle.append(span)
        reach = max(reach, span[1])
    if tangle:
        yield tangle


def _untangle(tangle: list[Span]) -> list[Span]:
    """The same indices without interleaving, if that does not take many more spans."""
    if len(tangle) < 2:
        return tangle
    if sum(count(span) for span in tangle) <= _SMALL_TANGLE:
        return [(i, i, 1) for i in merge(*(range(a, b + 1, c) for a, b, c in tangle))]
    if len(tangle) > _FEW_SPANS:
        return tangle
    cuts = sorted({span[0] for span in tangle} | {span[1] + 1 for span in tangle})
    pieces: list[Span] = []
    for i in range(len(cuts) - 1):
        parts = [part for span in tangle if (part := _clip(span, cuts[i], cuts[i + 1] - 1))]
        comb = _comb(sorted(parts))
        if comb is None:
            return tangle
        pieces.extend(comb)
    return pieces


def _comb(parts: list[Span]) -> list[Span] | None:
    """Interleaved spans as one, when together they are evenly spaced (odd and even: all)."""
    if len(parts) < 2:
        return parts
    first, last = parts[0][0], max(span[1] for span in parts)
    step, uneven = divmod(last - first, sum(count(span) for span in parts) - 1)
    if uneven or step == 0:
        return None
    # Disjoint members of the grid first, first + step ... last, as many as the grid has: all of it.
    on_grid = all((a - first) % step == 0 and (c % step == 0 or a == b) for a, b, c in parts)
    return [(first, last, step)] if on_grid else None


def in_runs(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Ascending spans as the longest even runs, taken greedily from the left.

    A pair is a run only when its indices are neighbours: `1,5`, not `1-5:4`.
    """
    out: list[Span] = []
    run: Span | None = None
    for span in spans:
        run = _go_on(out, run, span)
    if run is not None:
        out.extend(_closed(run))
    return tuple(out)


def splice(
    spans: tuple[Span, ...], begin: int, end: int, middle: Iterable[Span]
) -> tuple[Span, ...]:
    """Runs in order with `middle` in the place of `spans[begin:end]`, again as runs in order.

    The same as `in_runs` of them all, but only what is near the change is looked at: a run depends
    on no more than two spans before it, and once a run begins where one began before, all goes on
    as before.
    """
    start = max(begin - 2, 0)
    out = list(spans[:start])
    run: Span | None = None
    for span in (*spans[start:begin], *middle):
        run = _go_on(out, run, span)
    for at in range(end, len(spans)):
        run = _go_on(out, run, spans[at])
        if run is spans[at]:
            return (*out, *spans[at:])
    if run is not None:
        out.extend(_closed(run))
    return tuple(out)


def _go_on(out: list[Span], run: Span | None, span: Span) -> Span | None:
    """Takes one more span into the walk; finished runs go out, the unfinished one comes back."""
    rest: Span | None = span
    while rest is not None:
        if run is None:
            run, rest = rest, None
        else:
            run, rest = _join(out, run, rest)
    return run


def _join(out: list[Span], run: Span, span: Span) -> tuple[Span | None, Span | None]:
    """One step of the greedy walk: the run going on, and what is left of `span`."""
    first, last, step = run
    gap = span[0] - last
    if first != last and gap != step:
        *ready, open_end = _closed(run)
        if ready:  # a loose pair: its second index may begin a run
            out.extend(ready)
            return open_end, span
        out.append(run)
        return span, None
    if span[0] == span[1] or span[2] == gap:
        return (first, span[1], gap), None
    if first == last and gap > 1:
        out.append(run)
        return span, None
    out.append((first, span[0], gap))
    return None, make_span(span[0] + span[2], span[1], span[2])


def _closed(run: Span) -> list[Span]:
    first, last, step = run
    if step > 1 and last - first == step:
        return [(first, first, 1), (last, last, 1)]
    return [run]

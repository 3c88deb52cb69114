"""What sinfo prints.

Source: sinfo(1); what it leaves open was looked up in Slurm 22.05.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from tinysched.job.nodelisting import NodeListing, View
from tinysched.job.standing import Node, Part
from tinysched.report.slurm import fields, sinfo_json
from tinysched.report.slurm.fields import Column, Layout
from tinysched.report.slurm.moments import Moments
from tinysched.report.slurm.printed import Printed
from tinysched.report.slurm.sinfo_fields import (
    EVERY,
    LETTERS,
    NAMES,
    NODE_NAME,
    OF_PARTITIONS,
    TIMESTAMP,
    WORDS,
)
from tinysched.report.slurm.sinfo_rows import NodeRow, fits

_SUMMARY = "%9P %.5a %.10l %.16F %N"
# By view, and whether the listing is long.
_USUAL = {
    (View.PARTITIONS, False): "%9P %.5a %.10l %.6D %.6t %N",
    (View.PARTITIONS, True): "%9P %.5a %.10l %.10s %.4r %.8h %.10g %.6D %.11T %N",
    (View.SUMMARY, False): _SUMMARY,
    (View.SUMMARY, True): _SUMMARY,
    (View.NODES, False): "%9N %.6D %.9P %6t",
    (View.NODES, True): "%9N %.6D %.9P %.11T %4c %.8z %.6m %.8d %.6w %.8f %20E",
    (View.REASONS, False): "%20E %9u %19H %N",
    (View.REASONS, True): "%20E %12U %19H %6t %N",
}
_ALL = ("%all", "all")
_UNLIMITED = float("inf")
_NO_CLUSTER = (
    "'{0}' can't be reached now, or it is an invalid entry for --cluster."
    "  Use 'sacctmgr list clusters' to see available clusters."
)
# By what partitions can be sorted; equals stay in the order of the configuration.
_KEYS: Mapping[str, Callable[[Part], str | float]] = MappingProxyType(
    {
        "P": lambda part: part.name,
        "R": lambda part: part.name,
        "a": lambda part: part.is_up,
        "g": lambda part: ",".join(part.users or ("",)),
        "l": lambda part: _UNLIMITED if part.max_time_s is None else part.max_time_s,
    }
)


def render(
    listing: NodeListing, node: Node, moments: Moments, user_of: Callable[[int], str]
) -> Printed:
    """The listing that was asked for; `user_of`: names of users by their numbers."""
    unknown = _unknown_clusters(listing, node)
    if unknown:
        return Printed(err=unknown, exit_code=1)
    if listing.json:
        return Printed(out=sinfo_json.render(node, user_of(node.reason_by)))
    out = f"{moments.date_line()}\n" if listing.is_dated else ""
    if listing.reservations:
        return Printed(out=f"{out}No reservations in the system\n")
    cluster = "" if listing.clusters is None else node.cluster
    if cluster and listing.header:
        out += f"CLUSTER: {cluster}\n"
    layout = _layout(listing, node)
    rows = [
        NodeRow(
            part=part,
            node=node,
            moments=moments,
            user_of=user_of,
            cluster=cluster,
            has_node=_is_listed(listing, node),
        )
        for part in _ordered(listing, node.parts)
        if listing.partitions is None or part.name in listing.partitions
    ]
    chosen = list(_merged(listing, layout, rows))
    return Printed(
        out=out + "".join(fields.lines(layout, chosen, header=listing.header)),
        err=_complaints(listing, layout, chosen),
    )


def _unknown_clusters(listing: NodeListing, node: Node) -> str:
    """What to say of clusters that are not this one."""
    named = listing.clusters
    if named is None:
        return ""
    unknown = [one for one in named.split(",") if one not in (node.cluster, "all")]
    lines = [f"No cluster '{one}' known by database." for one in unknown]
    if lines:
        lines.append(_NO_CLUSTER.format(named))
    return "".join(f"sinfo: error: {line}\n" for line in lines)


def _layout(listing: NodeListing, node: Node) -> Layout[NodeRow]:
    if listing.letters in _ALL[:1] or (listing.words or "").lower() in _ALL[1:]:
        return EVERY
    if listing.words is not None:
        return fields.words(listing.words, WORDS)
    if listing.letters is not None:
        return fields.letters(listing.letters, LETTERS)
    usual = fields.letters(_USUAL[listing.view, listing.is_long], LETTERS)
    if listing.view is View.REASONS:
        return usual
    return replace(usual, columns=[_grown(column, node) for column in usual.columns])


def _grown(column: Column[NodeRow], node: Node) -> Column[NodeRow]:
    """The columns of names are as wide as the longest, unless a format says otherwise."""
    if not column.width:
        return column
    if column.field in NAMES:
        longest = max(len(part.name) + part.is_default for part in node.parts)
        return replace(column, width=max(column.width, longest))
    if column.field == NODE_NAME:
        return replace(column, width=max(column.width, len(node.host)))
    return column


def _is_listed(listing: NodeListing, node: Node) -> bool:
    """Whether the one node is among those that were asked for."""
    if listing.is_dead or (listing.hosts is not None and node.host not in listing.hosts):
        return False
    if listing.has_reason and not node.reason:
        return False
    return listing.states is None or any(
        all(fits(node, state) for state in together) for together in listing.states
    )


def _merged(
    listing: NodeListing, layout: Layout[NodeRow], rows: Sequence[NodeRow]
) -> Iterator[NodeRow]:
    """One line for all partitions of which the line would say the same.

    A line about nodes there is for each; one without a node only if it names its partition.
    """
    given = [column.field for column in layout.columns if column.field is not None]
    shown = [field for field in given if field in OF_PARTITIONS]
    names_partition = any(field in NAMES for field in shown)
    seen = set[tuple[str, ...]]()
    for row in rows:
        if not row.has_node and (listing.view is View.NODES or not names_partition):
            continue
        key = tuple(field.value(row) for field in shown)
        if listing.view is not View.NODES and key in seen:
            continue
        seen.add(key)
        yield row


def _ordered(listing: NodeListing, parts: Sequence[Part]) -> list[Part]:
    """In the order of the configuration, unless another one was asked for."""
    found = list(parts)
    for word in reversed(listing.sort.split(",")):
        letter = word.strip("+-")
        key = _KEYS.get(letter[:1])
        if key is not None:
            found.sort(key=key, reverse=word.startswith("-"))
    return found


def _complaints(listing: NodeListing, layout: Layout[NodeRow], rows: Sequence[NodeRow]) -> str:
    form = "sinfo: error: Invalid job format specification: {}\n"
    if listing.words is None:
        form = "Invalid node format specification: {}\n"
    found = [form.format(word) for word in layout.mistakes]
    if any(column.field == TIMESTAMP for column in layout.columns):
        wrong = [row for row in rows if row.moments.is_wrong and row.node.reason]
        style = f"sinfo: error: invalid SLURM_TIME_FORMAT = '{listing.time_style}'\n"
        found += [style for _ in wrong]
    return "".join(found)

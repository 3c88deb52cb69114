"""Which values sbatch itself refuses of options that are only kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tinysched.errors import VerbatimError
from tinysched.script.slurm import sbatch_forms as forms
from tinysched.script.slurm.refusals import EXIT_SYNTAX, invalid, refusal

_LIMITS = ("AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "NOFILE", "NPROC", "RSS", "STACK")
_COUNTS = (
    *("cores-per-socket", "cpus-per-gpu", "mincpus", "ntasks-per-core", "ntasks-per-gpu"),
    *("ntasks-per-socket", "ntasks-per-tres", "sockets-per-node", "threads-per-core"),
)
_FREQUENCY = r"(low|medium|high|highm1|\d+)"
_GOVERNOR = r"(conservative|ondemand|performance|powersave|schedutil|userspace)"
_CPU_FREQUENCY = re.compile(
    rf"({_FREQUENCY}(-{_FREQUENCY})?(:{_GOVERNOR})?|{_GOVERNOR})", re.I | re.A
)
_GPU_FREQUENCY = re.compile(
    rf"({_FREQUENCY}|memory={_FREQUENCY}|verbose)(,(memory={_FREQUENCY}|verbose))*", re.I | re.A
)
_MEMORY_BINDING = re.compile(
    r"(q|quiet|v|verbose|no|none|rank|local|prefer|p|(map|mask)_mem:[\w,]+|(no)?sort)",
    re.I | re.A,
)
_LAYOUT = re.compile(
    r"(\*|block|cyclic|arbitrary|plane=\d+)(:(\*|block|cyclic|fcyclic)){0,2}(,(no)?pack)?|(no)?pack",
    re.I | re.A,
)
_RATES = re.compile(r"(\d+|(task|energy|network|filesystem)=\d+)(,\w+=\d+)*", re.I | re.A)
_MINUTES = re.compile(r"[\d:-]+", re.ASCII)
_PROFILES = {"none", "all", "energy", "task", "network", "lustre"}
_HINTS = {"compute_bound", "memory_bound", "multithread", "nomultithread"}


def check(option: str, text: str) -> None:
    """Refuses what the option cannot mean.

    Raises: VerbatimError.
    """
    if option in _COUNTS:
        forms.number(f"--{option}", text)
    checked = _CHECKS.get(option)
    why = None if checked is None else checked(text)
    if why is not None:
        raise why


def _rates(text: str) -> VerbatimError | None:
    if not _RATES.fullmatch(text):
        return refusal(f"Invalid --acctg-freq specification: {text}", EXIT_SYNTAX)
    return None


def _cpu_frequency(text: str) -> VerbatimError | None:
    if _CPU_FREQUENCY.fullmatch(text):
        return None
    words = f'unrecognized --cpu-freq argument "{text}"\nInvalid --cpu-freq argument'
    return refusal(words, EXIT_SYNTAX)


def _gpu_frequency(text: str) -> VerbatimError | None:
    if _GPU_FREQUENCY.fullmatch(text):
        return None
    return refusal(f"Invalid --gpu-freq argument: gpu:{text}", EXIT_SYNTAX)


def _memory_binding(text: str) -> VerbatimError | None:
    if all(_MEMORY_BINDING.fullmatch(word) for word in re.split(r",(?!\d|0x)", text)):
        return None
    return refusal(f'unrecognized --mem-bind argument "{text}"', EXIT_SYNTAX)


def _layout(text: str) -> VerbatimError | None:
    if _LAYOUT.fullmatch(text):
        return None
    words = "Invalid --distribution specification"
    if text.lower().startswith("plane"):
        words = f"Invalid plane size or size not specified\n{words}"
    return refusal(words, EXIT_SYNTAX)


def _hint(text: str) -> VerbatimError | None:
    if text.lower() in _HINTS:
        return None
    return refusal(f'unrecognized --hint argument "{text}", see --hint=help')


def _propagate(text: str) -> VerbatimError | None:
    if text in ("", "ALL", "NONE"):
        return None
    for word in text.split(","):
        if word.removeprefix("RLIMIT_") not in _LIMITS:
            return refusal(f"Bad rlimit name: {word}\n--propagate={text} is not valid.")
    return None


def _profile(text: str) -> VerbatimError | None:
    if all(word.lower() in _PROFILES for word in text.split(",")):
        return None
    return refusal(f"invalid --profile={text} option", EXIT_SYNTAX)


def _switches(text: str) -> VerbatimError | None:
    forms.number("--switches", text.partition("@")[0])
    return None


def _wait_all_nodes(text: str) -> VerbatimError | None:
    forms.number("--wait-all-nodes", text, least=0)
    return None


def _one_of(option: str, *words: str) -> Callable[[str], VerbatimError | None]:
    return lambda text: None if text.lower() in words else invalid(option)


_CHECKS: Mapping[str, Callable[[str], VerbatimError | None]] = MappingProxyType(
    {
        "acctg-freq": _rates,
        "cpu-freq": _cpu_frequency,
        "delay-boot": lambda text: None if _MINUTES.fullmatch(text) else invalid("delay-boot"),
        "distribution": _layout,
        "gpu-freq": _gpu_frequency,
        "gres-flags": _one_of("gres-flags", "enforce-binding", "disable-binding"),
        "hint": _hint,
        "mem-bind": _memory_binding,
        "no-kill": _one_of("no-kill", "", "off"),
        "profile": _profile,
        "propagate": _propagate,
        "switches": _switches,
        "wait-all-nodes": _wait_all_nodes,
    }
)

"""Amounts of memory, and stretches of processor time, as Slurm's accounting prints them."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job.quantities import format_duration

_UNITS = ("", "K", "M", "G", "T", "P", "E")
BYTES, MEBIBYTES = 0, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How somebody wants them: all in one `unit` ('': as is best), or as they are kept."""

    unit: str = ""
    keeps_units: bool = False

    def text(self, number: float, kept_in: int = BYTES) -> str:
        """An amount, in the largest unit that takes no more than one binary place.

        `kept_in`: the power of 1024 that it is a number of.
        """
        power = kept_in
        if self.unit:
            power = _UNITS.index(self.unit)
            number = number * 1024.0 ** (kept_in - power)
        elif not self.keeps_units:
            while number >= 1024 and number % 512 == 0:
                number /= 1024
                power += 1
        digits = f"{number:.0f}" if number == int(number) else f"{number:.2f}"
        return digits + (_UNITS[power] if digits != "0" else "")


def passed(number: int) -> str:
    """What was read or written, in bytes: always in MiB."""
    return f"{number / 2**20:.2f}M" if number else "0"


def cpu_text(seconds: float) -> str:
    """Processor time: `00:04.368`, and in whole seconds `01:02:03` where it is an hour or none."""
    thousandths = int(seconds * 1000 + 0.5)
    minutes, rest = divmod(thousandths, 60_000)
    if minutes >= 60 or not thousandths % 1000:
        return format_duration(seconds)
    return f"{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def memory_text(mib: int) -> str:
    """An amount of memory as Slurm tells it: `1.50G`, `1000M`, `0`."""
    return Amounts().text(mib, MEBIBYTES)

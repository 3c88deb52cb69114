"""Every field of sacct, in the order in which it lists them itself.

Source: sacct(1); what has no meaning on one host says what Slurm says where it is not set up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tinysched.job.quantities import format_duration
from tinysched.report.slurm.amounts import cpu_text
from tinysched.report.slurm.columns import Field
from tinysched.report.slurm.entries import UNKNOWN_MOMENT, Entry
from tinysched.report.slurm.figures import FIGURES, UNMEASURED, Figure, Figures
from tinysched.report.slurm.parts import BATCH

_INVALID = "INVALID"

Value = Callable[[Entry], object]


def _both(width: int, value: Value) -> Field[Entry]:
    return Field(width, lambda entry: str(value(entry)))


def _job(width: int, value: Value) -> Field[Entry]:
    """Told of the whole alone."""
    return Field(width, lambda entry: "" if entry.part is not None else str(value(entry)))


def _step(width: int, value: Value) -> Field[Entry]:
    """Told of steps alone."""
    return Field(width, lambda entry: "" if entry.part is None else str(value(entry)))


def _never(width: int) -> Field[Entry]:
    return Field(width, lambda _entry: "")


def _measured(name: str, width: int, figure: Figure) -> Field[Entry]:
    def value(entry: Entry) -> str:
        part = entry.part
        if part is None or part.ended_at is None:
            return ""
        if not entry.is_measured:
            return "energy=0" if name in UNMEASURED else ""
        figures = Figures(
            usage=part.usage,
            cpu_s=part.user_s + part.system_s,
            tasks=part.tasks,
            host=entry.host,
            amounts=entry.view.amounts,
        )
        return figure(figures)

    return Field(width, value)


def _stored(width: int, name: str) -> Field[Entry]:
    return _job(width, lambda e: e.allocation.row.job.request.stored.get(name, ""))


def _frequency(entry: Entry) -> str:
    """What was asked of the processor's clock: nothing can be."""
    is_script = entry.part is not None and entry.part.step == BATCH
    return "0" if is_script else UNKNOWN_MOMENT


def _energy(entry: Entry) -> str:
    is_told = entry.part is not None or not entry.has_cores
    return "0" if is_told or len(entry.allocation.parts) > 1 else ""


def _layout(entry: Entry) -> str:
    if entry.part is None or entry.part.step == BATCH:
        return UNKNOWN_MOMENT
    return "Block" if entry.part.tasks > entry.hosts else "Cyclic"


def _flags(entry: Entry) -> str:
    return "SchedMain,StartRecieved" if entry.has_cores else "StartRecieved"


def _waited(entry: Entry) -> str:
    return _INVALID if entry.waited_s is None else format_duration(entry.waited_s)


def _waited_cores(entry: Entry) -> str:
    waited_s = entry.waited_s
    return _INVALID if waited_s is None else format_duration(waited_s * entry.cores_asked)


def _waited_raw(entry: Entry) -> int:
    return 0 if entry.waited_s is None else entry.waited_s * entry.cores_asked


def _group(entry: Entry) -> tuple[int, str]:
    return entry.view.group_of(entry.allocation.row.job.uid)


def _minutes(limit_s: int) -> str:
    return str(-(-limit_s // 60))


_WHO = {
    "Account": _both(10, lambda e: e.allocation.row.job.request.account or ""),
    "AdminComment": _never(15),
    "AssocID": _both(7, lambda _e: 0),
    "BlockID": _never(16),
    "Cluster": _both(10, lambda e: e.view.cluster),
    "Comment": _job(14, lambda e: e.allocation.row.job.request.comment or ""),
    "Constraints": _stored(19, "constraint"),
    "Container": _stored(19, "container"),
    "DBIndex": _both(-10, lambda e: e.allocation.row.raw_id),
    "DerivedExitCode": _job(15, lambda e: e.allocation.derived),
    "ExitCode": _both(8, lambda e: e.exit),
    "Flags": _job(19, _flags),
    "GID": _job(6, lambda e: _group(e)[0]),
    "Group": _job(9, lambda e: _group(e)[1]),
    "JobID": _both(-12, lambda e: e.shown_id),
    "JobIDRaw": _both(-12, lambda e: e.raw_id),
    "JobName": _both(10, lambda e: e.name),
    "Layout": _step(9, _layout),
    "McsLabel": _never(12),
    "Partition": _job(10, lambda e: e.allocation.row.standing.partition),
    "Priority": _job(10, lambda e: e.allocation.row.standing.priority),
    "QOS": _job(10, lambda e: e.qos),
    "QOSRAW": _job(6, lambda _e: 1),
    "Reason": _job(22, lambda e: e.allocation.reason),
    "Reservation": _stored(20, "reservation"),
    "ReservationId": _never(8),
    "State": _both(10, lambda e: e.state),
    "SubmitLine": _never(20),
    "SystemComment": _never(15),
    "UID": _job(6, lambda e: e.allocation.row.job.uid),
    "User": _job(9, lambda e: e.allocation.row.job.user),
    "WCKey": _stored(10, "wckey"),
    "WCKeyID": _job(10, lambda _e: 0),
    "WorkDir": _job(20, lambda e: e.allocation.row.job.request.work_dir),
}
_WHEN = {
    "CPUTime": _both(10, lambda e: format_duration(e.elapsed_s * e.cores)),
    "CPUTimeRAW": _both(10, lambda e: e.elapsed_s * e.cores),
    "Elapsed": _both(10, lambda e: format_duration(e.elapsed_s)),
    "ElapsedRaw": _both(10, lambda e: e.elapsed_s),
    "Eligible": _both(19, lambda e: e.moment(e.eligible_at)),
    "End": _both(19, lambda e: e.moment(e.ended_at)),
    "Reserved": _job(10, _waited),
    "ResvCPU": _job(10, _waited_cores),
    "ResvCPURAW": _job(10, _waited_raw),
    "Start": _both(19, lambda e: e.start_text),
    "Submit": _both(19, lambda e: e.moment(e.submitted_at)),
    "Suspended": _both(10, lambda e: format_duration(e.suspended_s)),
    "SystemCPU": _both(10, lambda e: cpu_text(e.system_s)),
    "Timelimit": _job(10, lambda e: e.limit(format_duration)),
    "TimelimitRaw": _job(10, lambda e: e.limit(_minutes)),
    "TotalCPU": _both(10, lambda e: cpu_text(e.user_s + e.system_s)),
    "UserCPU": _both(10, lambda e: cpu_text(e.user_s)),
}
_HOW_MUCH = {
    "AllocCPUS": _both(10, lambda e: e.cores),
    "AllocNodes": _both(10, lambda e: e.hosts if e.has_cores or e.part else 0),
    "AllocTRES": _both(10, lambda e: e.tres if e.has_cores or e.part else ""),
    "AveCPUFreq": _step(10, lambda _e: 0),
    "ConsumedEnergy": _both(14, _energy),
    "ConsumedEnergyRaw": _both(17, _energy),
    "NCPUS": _both(10, lambda e: e.cores),
    "NNodes": _both(8, lambda e: e.hosts),
    "NodeList": _both(15, lambda e: e.host),
    "NTasks": _step(8, lambda e: "" if e.part is None else e.part.tasks),
    "ReqCPUFreq": _both(10, _frequency),
    "ReqCPUFreqGov": _both(13, _frequency),
    "ReqCPUFreqMax": _both(13, _frequency),
    "ReqCPUFreqMin": _both(13, _frequency),
    "ReqCPUS": _both(8, lambda e: e.cores_asked),
    "ReqMem": _job(10, lambda e: e.memory),
    "ReqNodes": _both(8, lambda e: e.hosts),
    "ReqTRES": _job(10, lambda e: e.tres),
}
_FIGURES = {name: _measured(name, width, figure) for name, (width, figure) in FIGURES.items()}
_ALL = {**_WHO, **_WHEN, **_HOW_MUCH, **_FIGURES}
_ORDER = """
Account AdminComment AllocCPUS AllocNodes AllocTRES AssocID AveCPU AveCPUFreq AveDiskRead
AveDiskWrite AvePages AveRSS AveVMSize BlockID Cluster Comment Constraints ConsumedEnergy
ConsumedEnergyRaw Container CPUTime CPUTimeRAW DBIndex DerivedExitCode Elapsed ElapsedRaw Eligible
End ExitCode Flags GID Group JobID JobIDRaw JobName Layout MaxDiskRead MaxDiskReadNode
MaxDiskReadTask MaxDiskWrite MaxDiskWriteNode MaxDiskWriteTask MaxPages MaxPagesNode MaxPagesTask
MaxRSS MaxRSSNode MaxRSSTask MaxVMSize MaxVMSizeNode MaxVMSizeTask McsLabel MinCPU MinCPUNode
MinCPUTask NCPUS NNodes NodeList NTasks Partition Priority QOS QOSRAW Reason ReqCPUFreq
ReqCPUFreqGov ReqCPUFreqMax ReqCPUFreqMin ReqCPUS ReqMem ReqNodes ReqTRES Reservation ReservationId
Reserved ResvCPU ResvCPURAW Start State Submit SubmitLine Suspended SystemComment SystemCPU
Timelimit TimelimitRaw TotalCPU TRESUsageInAve TRESUsageInMax TRESUsageInMaxNode TRESUsageInMaxTask
TRESUsageInMin TRESUsageInMinNode TRESUsageInMinTask TRESUsageInTot TRESUsageOutAve TRESUsageOutMax
TRESUsageOutMaxNode TRESUsageOutMaxTask TRESUsageOutMin TRESUsageOutMinNode TRESUsageOutMinTask
TRESUsageOutTot UID User UserCPU WCKey WCKeyID WorkDir
"""
FIELDS: Mapping[str, Field[Entry]] = MappingProxyType({name: _ALL[name] for name in _ORDER.split()})

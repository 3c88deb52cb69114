"""The configuration, as `scontrol show config` prints it: what programs ask Slurm for.

Source: slurm.conf(5). What is no setting of ours says how the queue behaves.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.report.slurm.moments import Moments

_FIXED = {
    "AccountingStorageEnforce": "none",
    "AccountingStorageTRES": "cpu,mem,energy,node,billing,fs/disk,vmem,pages",
    "AccountingStorageType": "accounting_storage/slurmdbd",
    "AuthType": "auth/munge",
    "BatchStartTimeout": "10 sec",
    "CliFilterPlugins": "(null)",
    "CommunicationParameters": "(null)",
    "CompleteWait": "0 sec",
    "CredType": "cred/munge",
    "DefMemPerNode": "UNLIMITED",
    "DependencyParameters": "(null)",
    "EnforcePartLimits": "NO",
    "Epilog": "(null)",
    "EpilogMsgTime": "2000 usec",
    "FirstJobId": "1",
    "FairShareDampeningFactor": "1",
    "GetEnvTimeout": "2 sec",
    "GresTypes": "(null)",
    "GroupUpdateForce": "1",
    "GroupUpdateTime": "600 sec",
    "HealthCheckInterval": "0 sec",
    "InactiveLimit": "0 sec",
    "JobAcctGatherFrequency": "30",
    "JobAcctGatherType": "jobacct_gather/linux",
    "JobCompType": "jobcomp/none",
    "JobFileAppend": "0",
    "JobSubmitPlugins": "(null)",
    "KillOnBadExit": "0",
    "LaunchType": "launch/slurm",
    "Licenses": "(null)",
    "MailProg": "/usr/bin/mail",
    "MaxJobCount": "10000",
    "MaxJobId": "67043328",
    "MaxMemPerNode": "UNLIMITED",
    "MaxNodeCount": "1",
    "MaxStepCount": "40000",
    "MaxTasksPerNode": "512",
    "MessageTimeout": "10 sec",
    "MpiDefault": "none",
    "OverTimeLimit": "0 min",
    "PluginDir": "(null)",
    "PreemptExemptTime": "00:00:00",
    "PreemptMode": "OFF",
    "PreemptType": "preempt/none",
    "PriorityType": "priority/basic",
    "ProctrackType": "proctrack/linuxproc",
    "Prolog": "(null)",
    "PropagatePrioProcess": "0",
    "PropagateResourceLimits": "ALL",
    "ResumeTimeout": "60 sec",
    "ReturnToService": "2",
    "SchedulerParameters": "(null)",
    "SchedulerType": "sched/backfill",
    "SelectType": "select/cons_tres",
    "SelectTypeParameters": "CR_CORE_MEMORY",
    "SlurmctldPort": "6817",
    "SlurmctldTimeout": "120 sec",
    "SlurmdPort": "6818",
    "SlurmdTimeout": "300 sec",
    "SuspendTime": "INFINITE",
    "SwitchType": "switch/none",
    "TaskEpilog": "(null)",
    "TaskPlugin": "task/none",
    "TaskProlog": "(null)",
    "TCPTimeout": "2 sec",
    "TmpFS": "/tmp",
    "TopologyPlugin": "topology/none",
    "TrackWCKey": "No",
    "UnkillableStepTimeout": "60 sec",
    "UsePam": "No",
    "VSizeFactor": "0 percent",
    "WaitTime": "0 sec",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What of the queue's configuration has a name in Slurm's. Moments: UTC, seconds."""

    cluster: str
    host: str
    root: str
    user: str
    booted_at: float
    next_job: int
    requeue: bool
    kill_wait_s: float
    min_job_age_s: float
    max_array_size: int
    is_private: bool
    version: str


def render(settings: Settings, moments: Moments) -> str:
    """Every key, one a line."""
    own = {
        "BOOT_TIME": moments.text(settings.booted_at),
        "ClusterName": settings.cluster,
        "HASH_VAL": "Match",
        "JobRequeue": str(int(settings.requeue)),
        "KillWait": f"{settings.kill_wait_s:.0f} sec",
        "MaxArraySize": str(settings.max_array_size),
        "MinJobAge": f"{settings.min_job_age_s:.0f} sec",
        "NEXT_JOB_ID": str(settings.next_job),
        "PrivateData": "jobs" if settings.is_private else "none",
        "SLURM_VERSION": settings.version,
        "SLURM_CONF": f"{settings.root}/config.yaml",
        "SlurmctldHost[0]": settings.host,
        "SlurmUser": settings.user,
        "StateSaveLocation": f"{settings.root}/queue",
    }
    keys = {**_FIXED, **own}
    lines = [f"{key:<23} = {keys[key]}" for key in sorted(keys, key=str.casefold)]
    first = f"Configuration data as of {moments.text(moments.now)}"
    last = f"Slurmctld(primary) at {settings.host} is UP"
    return "\n".join((first, *lines, "", last, ""))

"""The configuration, as `scontrol show config` prints it: what programs ask Slurm for.

Source: slurm.conf(5). What is no setting of ours says how the queue behaves.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.report.slurm.moments import Moments

# What nobody has set.
_UNSET = """
AccountingStorageBackupHost AccountingStorageExternalHost AccountingStorageHost
AccountingStorageParameters AccountingStorageUser AccountingStoreFlags AuthAltParameters
AuthAltTypes AuthInfo BcastParameters BurstBufferType CliFilterPlugins CommunicationParameters
DebugFlags DependencyParameters Epilog EpilogSlurmctld FederationParameters GresTypes
HealthCheckProgram InteractiveStepOptions JobAcctGatherParams JobCompHost JobCompLoc JobCompUser
JobCredentialPrivateKey JobCredentialPublicCertificate JobDefaults JobSubmitPlugins
LaunchParameters Licenses MailDomain MCSParameters MpiParams NodeFeaturesPlugins PluginDir
PlugStackConfig PowerParameters PrEpParameters PriorityParameters PrioritySiteFactorParameters
PrioritySiteFactorPlugin Prolog PrologFlags PrologSlurmctld PropagateResourceLimitsExcept
RebootProgram ReconfigFlags RequeueExit RequeueExitHold ResumeFailProgram ResumeProgram
ResvEpilog ResvProlog SchedulerParameters ScronParameters SlurmctldAddr SlurmctldLogFile
SlurmctldParameters SlurmctldPidFile SlurmctldPlugstack SlurmctldPrimaryOffProg
SlurmctldPrimaryOnProg SlurmctldSyslogDebug SlurmdLogFile SlurmdParameters SlurmdPidFile
SlurmdSpoolDir SlurmdSyslogDebug SlurmdUser SlurmSchedLogFile SrunEpilog SrunProlog
SuspendExcNodes SuspendExcParts SuspendProgram SwitchParameters TaskEpilog TaskPluginParam
TaskProlog TopologyParam UnkillableStepProgram X11Parameters
"""
_FIXED = {
    **dict.fromkeys(_UNSET.split(), "(null)"),
    "AccountingStorageEnforce": "none",
    "AccountingStoragePort": "0",
    "AccountingStorageTRES": "cpu,mem,energy,node,billing,fs/disk,vmem,pages",
    "AccountingStorageType": "accounting_storage/slurmdbd",
    "AcctGatherEnergyType": "acct_gather_energy/none",
    "AcctGatherFilesystemType": "acct_gather_filesystem/none",
    "AcctGatherInterconnectType": "acct_gather_interconnect/none",
    "AcctGatherNodeFreq": "0 sec",
    "AcctGatherProfileType": "acct_gather_profile/none",
    "AllowSpecResourcesUsage": "No",
    "AuthType": "auth/munge",
    "BatchStartTimeout": "10 sec",
    "BcastExclude": "/lib,/usr/lib,/lib64,/usr/lib64",
    "CompleteWait": "0 sec",
    "CoreSpecPlugin": "core_spec/none",
    "CpuFreqDef": "Unknown",
    "CpuFreqGovernors": "OnDemand,Performance,UserSpace",
    "CredType": "cred/munge",
    "DefMemPerNode": "UNLIMITED",
    "DisableRootJobs": "No",
    "EioTimeout": "60",
    "EnforcePartLimits": "NO",
    "EpilogMsgTime": "2000 usec",
    "ExtSensorsType": "ext_sensors/none",
    "ExtSensorsFreq": "0 sec",
    "FirstJobId": "1",
    "GetEnvTimeout": "2 sec",
    "GpuFreqDef": "high,memory=high",
    "GroupUpdateForce": "1",
    "GroupUpdateTime": "600 sec",
    "HealthCheckInterval": "0 sec",
    "HealthCheckNodeState": "ANY",
    "InactiveLimit": "0 sec",
    "JobAcctGatherFrequency": "30",
    "JobAcctGatherType": "jobacct_gather/linux",
    "JobCompPort": "0",
    "JobCompType": "jobcomp/none",
    "JobContainerType": "job_container/none",
    "JobFileAppend": "0",
    "KillOnBadExit": "0",
    "LaunchType": "launch/slurm",
    "LogTimeFormat": "iso8601_ms",
    "MailProg": "/usr/sbin/sendmail",
    "MaxDBDMsgs": "0",
    "MaxJobCount": "10000",
    "MaxJobId": "67043328",
    "MaxMemPerNode": "UNLIMITED",
    "MaxNodeCount": "1",
    "MaxStepCount": "40000",
    "MaxTasksPerNode": "512",
    "MCSPlugin": "mcs/none",
    "MessageTimeout": "10 sec",
    "MpiDefault": "none",
    "MULTIPLE_SLURMD": "No",
    "OverTimeLimit": "0 min",
    "PowerPlugin": "",
    "PreemptMode": "OFF",
    "PreemptType": "preempt/none",
    "PreemptExemptTime": "00:00:00",
    "PrEpPlugins": "prep/script",
    "PriorityType": "priority/basic",
    "ProctrackType": "proctrack/linuxproc",
    "PrologEpilogTimeout": "65534",
    "PropagatePrioProcess": "0",
    "PropagateResourceLimits": "ALL",
    "ResumeRate": "300 nodes/min",
    "ResumeTimeout": "60 sec",
    "ResvOverRun": "0 min",
    "ReturnToService": "2",
    "RoutePlugin": "route/default",
    "SchedulerTimeSlice": "30 sec",
    "SchedulerType": "sched/backfill",
    "SelectType": "select/cons_tres",
    "SelectTypeParameters": "CR_CORE_MEMORY",
    "SlurmctldDebug": "info",
    "SlurmctldPort": "6817",
    "SlurmctldTimeout": "120 sec",
    "SlurmdDebug": "info",
    "SlurmdPort": "6818",
    "SlurmdTimeout": "300 sec",
    "SlurmSchedLogLevel": "0",
    "SrunPortRange": "0-0",
    "SuspendRate": "60 nodes/min",
    "SuspendTime": "INFINITE",
    "SuspendTimeout": "30 sec",
    "SwitchType": "switch/none",
    "TaskPlugin": "task/none",
    "TCPTimeout": "2 sec",
    "TmpFS": "/tmp",
    "TopologyPlugin": "topology/none",
    "TrackWCKey": "No",
    "TreeWidth": "50",
    "UsePam": "No",
    "UnkillableStepTimeout": "60 sec",
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

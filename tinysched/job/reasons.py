"""The names of reasons, Slurm's where it has one, and what each means to the one who waits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "None": "nothing stands in its way: it is about to start, or it ended well",
        "Resources": "fewer cores are free than it needs",
        "Priority": "an older job has waited so long that no younger one may pass it",
        "Dependency": "what it was told to wait for has not happened yet: --dependency",
        "DependencyNeverSatisfied": "what it was told to wait for cannot happen any more",
        "BeginTime": "its time to begin has not come: --begin, or a pause before another attempt",
        "DeadLine": "it could not end before its --deadline any more",
        "PartitionConfig": "it asks for more than its partition or the queue ever has",
        "PartitionTimeLimit": "it asks for more time than its partition allows",
        "PartitionDown": "its partition is gone from the configuration, or an admin closed it",
        "NodeDrained": "an admin lets no job start for now: scontrol update nodename=",
        "AccountNotAllowed": "its owner may not use its partition",
        "AgentDown": "its owner's agent does not run; any ts command of the owner starts it",
        "JobHeldUser": "its owner holds it: tscontrol release",
        "JobRequeuedHeld": "it was requeued to be held: tscontrol release",
        "JobHeldAdmin": "an admin holds it, and only an admin releases it",
        "JobRebuilt": "its record was lost, and rebuilt: tscontrol release lets it start",
        "JobArrayTaskLimit": "as many tasks of its array run as its %limit allows",
        "ClientGone": "its run_job.sh is not connected, as after a restart of the dispatcher",
        "NoDispatcher": "nobody decides at the moment: tsdaemon start",
        "Stopping": "it was told to stop, and not all of its processes have ended",
        "Unkillable": "processes of it have outlived KILL; until they end, its cores stay taken",
        "Cancelled": "somebody who may has cancelled it",
        "TimeLimit": "it ran longer than its --time",
        "NonZeroExitCode": "its exit code was not 0, or a signal killed it",
        "JobLaunchFailure": "it could not be started; the words say why, nothing of it ran",
        "WorkerLost": "its agent and its worker were both killed: its exit code is unknown",
        "RecordLost": "its record was damaged while it ran: how it ended is not known",
        "NodeDown": "the host was restarted while it ran: its exit code is unknown",
        "BashVersion": "it ended under the Bash version, which kept no reason",
    }
)

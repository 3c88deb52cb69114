"""The names of reasons, Slurm's where it has one, and what each means to the one who waits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "None": "nothing stands in its way: it is about to start, or it ended well",
        "Resources": "fewer cores are free than it needs",
        "Priority": "an older job has waited so long that no younger one may pass it",
        "AgentDown": "its owner's agent does not run; any ts command of the owner starts it",
        "JobHeldUser": "its owner holds it: tscontrol release",
        "JobHeldAdmin": "an admin holds it, and only an admin releases it",
        "JobArrayTaskLimit": "as many tasks of its array run as its %limit allows",
        "ClientGone": "its run_job.sh is not connected, as after a restart of the dispatcher",
        "NoDispatcher": "nobody decides at the moment: tsdaemon start",
        "Stopping": "it was told to stop, and not all of its processes have ended",
        "Cancelled": "somebody who may has cancelled it",
        "TimeLimit": "it ran longer than its --time",
        "NonZeroExitCode": "its exit code was not 0, or a signal killed it",
        "JobLaunchFailure": "it could not be started; the words say why, nothing of it ran",
        "WorkerLost": "its agent and its worker were both killed: its exit code is unknown",
        "BashVersion": "it ended under the Bash version, which kept no reason",
    }
)

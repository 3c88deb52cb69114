"""Every option of scancel.

Imports nothing heavy.
"""

from __future__ import annotations

from tinysched.script.grammar import STORED, Option

USAGE = """\
Usage: scancel [-A account] [--batch] [--full] [--interactive] [-n job_name]
               [-p partition] [-Q] [-q qos] [-R reservation] [-s signal | integer]
               [-t PENDING | RUNNING | SUSPENDED] [--usage] [-u user_name]
               [--hurry] [-V] [-v] [-w hosts...] [--wckey=wckey]
               [job_id[_array_id][.step_id]]
"""
_ONE_CLUSTER = "there is one cluster: means that"

SCANCEL = (
    Option("account", "A", "NAME", "only jobs of this account", variable="SCANCEL_ACCOUNT"),
    Option("batch", "b", "", "send the signal to the script alone", variable="SCANCEL_BATCH"),
    Option("ctld", "", "", "let the controller choose: it always does", variable="SCANCEL_CTLD"),
    Option("clusters", "M", "NAMES", _ONE_CLUSTER),
    Option(
        "full", "f", "", "send the signal to the script and its children", variable="SCANCEL_FULL"
    ),
    Option("help", "", "", "show this text"),
    Option(
        "hurry",
        "H",
        "",
        "there is no burst buffer to wait for",
        disposition=STORED,
        variable="SCANCEL_HURRY",
    ),
    Option(
        "interactive", "i", "", "ask before each job is cancelled", variable="SCANCEL_INTERACTIVE"
    ),
    Option("me", "", "", "only your own jobs"),
    Option("name", "n", "NAME", "only jobs of this name", variable="SCANCEL_NAME"),
    Option("nodelist", "w", "HOST", "only what runs on this host"),
    Option("partition", "p", "NAME", "only jobs in this partition", variable="SCANCEL_PARTITION"),
    Option("qos", "q", "NAME", "only jobs of this quality", variable="SCANCEL_QOS"),
    Option("quiet", "Q", "", "warn of nothing"),
    Option("reservation", "R", "NAME", "only jobs with this reservation"),
    Option("sibling", "", "NAME", _ONE_CLUSTER),
    Option("signal", "s", "SIGNAL", "send this signal; KILL cancels as usual"),
    Option(
        "state", "t", "STATE", "only PENDING, RUNNING or SUSPENDED jobs", variable="SCANCEL_STATE"
    ),
    Option("usage", "", "", "show the options in short"),
    Option("user", "u", "NAME", "only jobs of this user", variable="SCANCEL_USER"),
    Option("verbose", "v", "", "tell what is done", variable="SCANCEL_VERBOSE"),
    Option("version", "V", "", "show the version"),
    Option("wckey", "", "NAME", "only jobs with this key", variable="SCANCEL_WCKEY"),
)

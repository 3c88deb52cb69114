"""Every option and keyword of scontrol.

Imports nothing heavy.
"""

from __future__ import annotations

from tinysched.script.grammar import REFUSED, Option

# As Slurm's own: whoever asks for it finds what is expected.
USAGE = "Usage: scontrol [-adhioQvV] [COMMAND]\n"

SCONTROL = (
    Option("all", "a", "", "show hidden partitions, too: there are none"),
    Option("clusters", "M", "NAMES", "this cluster, or all: there is no other"),
    Option("details", "d", "", "show more of jobs: cores and memory of what runs"),
    Option("federation", "F", "", "there is one cluster: speaks of that"),
    Option("future", "f", "", "show nodes to come, too: there are none"),
    Option("help", "h", "", "show this text"),
    Option("hide", "", "", "hidden partitions stay hidden: there are none"),
    Option("json", "", "", "write JSON for programs: of jobs"),
    Option("local", "", "", "there is one cluster: speaks of that"),
    Option("oneliner", "o", "", "one line for each record"),
    Option("quiet", "Q", "", "do not tell of mistakes: the exit code does"),
    Option("sibling", "", "", "there is one cluster: speaks of that"),
    Option("uid", "u", "USER", "refused: everybody is who he is", disposition=REFUSED),
    Option("usage", "", "", "show how it is called"),
    Option("verbose", "v", "", "say more; there is nothing more to say"),
    Option("version", "V", "", "show the version"),
    Option("yaml", "", "", "refused: there is no YAML here", disposition=REFUSED),
)

# What each keyword does, and with how few letters it may be called; of several the first is meant.
KEYWORDS = (
    ("abort", 5, "refused: the queue's admin ends the dispatcher with tsdaemon stop"),
    ("all", 3, "from now on, show hidden partitions, too: there are none"),
    ("cancel_reboot", 3, "refused: hosts are not restarted from here"),
    ("completing", 2, "list jobs whose last processes are on their way out"),
    ("cluster", 2, "this cluster: there is no other"),
    ("create", 2, "refused: partitions are made in config.yaml"),
    ("details", 1, "from now on, show more of jobs"),
    ("exit", 1, "leave"),
    ("help", 2, "show this text"),
    ("hide", 2, "from now on, hidden partitions stay hidden: there are none"),
    ("hold", 4, "keep jobs from starting: scontrol hold 42 43_7, or jobname=NAME"),
    ("holdu", 5, "the same as uhold"),
    ("uhold", 2, "keep jobs from starting so that their owner may release them"),
    ("oneliner", 1, "from now on, one line for each record"),
    ("pidinfo", 3, "tell the job of a process, and when that ends"),
    ("ping", 3, "tell whether the dispatcher answers"),
    ("quiet", 4, "from now on, do not tell of mistakes"),
    ("quit", 4, "leave"),
    ("reboot", 3, "refused: hosts are not restarted from here"),
    ("reconfigure", 3, "have the configuration read again"),
    ("delete", 2, "refused: partitions are made in config.yaml"),
    ("release", 3, "let held jobs start"),
    ("requeue", 3, "run jobs again, now or once they have been ended"),
    ("requeuehold", 8, "the same, and hold them"),
    ("resume", 3, "let suspended jobs go on"),
    ("setdebug", 2, "refused: log_level in config.yaml says how much is logged"),
    ("setdebugflags", 9, "refused: log_level in config.yaml says how much is logged"),
    ("schedloglevel", 3, "refused: log_level in config.yaml says how much is logged"),
    ("fsdampeningfactor", 3, "refused: there are no shares"),
    ("show", 3, "show job|node|partition|config|step|hostnames|hostlist [NAME]"),
    ("shutdown", 8, "refused: the queue's admin ends the dispatcher with tsdaemon stop"),
    ("suspend", 2, "stop running jobs where they are"),
    ("takeover", 8, "refused: there is one dispatcher"),
    ("token", 3, "refused: the kernel says who calls"),
    ("top", 2, "put jobs before all others of their owner"),
    ("update", 1, "change a job: scontrol update JobId=42 TimeLimit=10"),
    ("verbose", 4, "from now on, say more"),
    ("version", 4, "show the version"),
    ("wait_job", 2, "wait until a job has started, or is over"),
    ("write", 5, "write batch_script JOB [FILE]: what was submitted"),
    ("listpids", 1, "list the processes of jobs"),
    ("notify", 1, "write words into the stderr of a job"),
    ("errnumstr", 3, "tell what the number of a mistake means"),
)

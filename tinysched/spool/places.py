"""Every file under a root: what it is, its mode, who writes it, in which form.

docs/spool.md is printed from here, and what the programs make is compared with it in tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tinysched.spool import tree

_ADMIN = "admin"
_DISPATCHER = "dispatcher"
_OWNER = "the user"
ANYBODY = "anybody"
RESTORE = "tsctl restore"
# Nobody looks after what is in these.
UNTENDED = (ANYBODY, RESTORE)
_NUMBERS = ("id", "task", "uid", "attempt", "n", "pid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One name under the root, or a family of them: `<id>` stands for digits.

    A path that ends in `/` is a directory. `mode` None: whatever it came with.
    """

    path: str
    mode: int | None
    writer: str
    form: str
    what: str

    def fits(self, path: str) -> bool:
        """Whether a path below the root is meant."""
        return re.fullmatch(_pattern(self.path), path) is not None


def _pattern(path: str) -> str:
    pieces = re.split(r"(<[a-z]+>|\[|\])", path)
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: str) -> str:
    match piece:
        case "[":
            return "(?:"
        case "]":
            return ")?"
        case "<any>":
            return "[^/]+"
        case "<token>":
            return "[A-Za-z0-9_-]+"
        case _ if piece.strip("<>") in _NUMBERS and piece.startswith("<"):
            return "[0-9]+"
        case _:
            return re.escape(piece)


def _folder(path: str, mode: int, what: str, writer: str = _DISPATCHER) -> Place:
    return Place(path=f"{path}/", mode=mode, writer=writer, form="", what=what)


def _file(path: str, mode: int | None, writer: str, form: str, what: str) -> Place:
    return Place(path=path, mode=mode, writer=writer, form=form, what=what)


_USER = "users/u<uid>"
_REQUEST = f"{_USER}/requests/<token>"
_RUN = f"{_USER}/runs/<id>[_<task>].<attempt>"
_OPEN = tree.OPEN_FILE_MODE
_CLOSED = tree.CLOSED_FILE_MODE
_DIR = tree.OPEN_DIR_MODE
_OWN_DIR = tree.CLOSED_DIR_MODE
_NULS = "words, a NUL after each"
_PARTS = "name and size on a line, then so many bytes; end"
_OLDER = "tsbatch, once"
_JSON = "JSON"
_NUMBER = "a number"
LINK = "a link"

PLACES = (
    _file("config.yaml", _OPEN, _ADMIN, "YAML", "settings; see conf/config.yaml"),
    _folder("state", _DIR, "what the dispatcher has to know after a restart"),
    _file(
        "state/last_job_id",
        _OPEN,
        _DISPATCHER,
        _NUMBER,
        "the highest id that may be in use: raised in blocks, exact after a clean stop",
    ),
    _file(
        "state/format",
        _OPEN,
        _DISPATCHER,
        _NUMBER,
        "format of all this; a newer one is refused. 2: there may be something in the journal",
    ),
    _file(
        "state/journal.<n>",
        _CLOSED,
        _DISPATCHER,
        "transactions; see spool/transactions.py",
        "what was recorded last, safe before the records; zeros after a clean stop",
    ),
    _file(
        "state/closed",
        _OPEN,
        _DISPATCHER,
        _JSON,
        "what an admin has closed: the host, partitions; without it nothing is",
    ),
    _file(
        "state/ended.log",
        _OPEN,
        _DISPATCHER,
        "a line an end, tabs between fields",
        "index of what has ended; derived from the records, and made anew if it is damaged",
    ),
    _folder("queue", _DIR, "the jobs, in folders that are named like states"),
    _folder("queue/pending", _DIR, "jobs that wait, arrays with tasks that wait"),
    _folder("queue/running", _DIR, "jobs that have their cores, arrays of which all has started"),
    _folder("queue/completed", _DIR, "what ended with exit code 0"),
    _folder("queue/failed", _DIR, "what ended otherwise: failed, cancelled, timed out, lost"),
    *(
        place
        for folder in tree.FOLDERS
        for place in (
            _file(f"queue/{folder}/job_<id>.meta", _OPEN, _DISPATCHER, _JSON, "a job's record"),
            _file(
                f"queue/{folder}/job_<id>_<task>.meta",
                _OPEN,
                _DISPATCHER,
                _JSON,
                "the record of a task that was started",
            ),
            _file(
                f"queue/{folder}/job_<id>.script",
                _CLOSED,
                _DISPATCHER,
                "as submitted",
                "the record's copy of the script; what runs is the submitter's own",
            ),
        )
    ),
    *(
        _file(
            f"queue/{folder}/job_<id>.gone",
            _OPEN,
            _DISPATCHER,
            _JSON,
            "the record of a job that is being purged: it counts for nothing",
        )
        for folder in (tree.COMPLETED, tree.FAILED)
    ),
    _folder("queue/quarantine", _DIR, "files of the queue that could not be read"),
    _file(
        "queue/quarantine/<any>.<n>",
        None,
        _DISPATCHER,
        "as found",
        "one such file, with the name of its folder in front; tried again at each start",
    ),
    _folder("queue/legacy", _DIR, "what had not ended in a queue of the Bash version"),
    _file("queue/legacy/RESUBMIT", _OPEN, _DISPATCHER, "a line a job", "what to submit again"),
    _file("queue/legacy/<any>", None, _DISPATCHER, "as found", "its record, its script"),
    _folder("logs", _DIR, "what the programs of the admin tell"),
    _file("logs/<any>", None, _DISPATCHER, "a line an event", "a log"),
    _folder("lock", _OWN_DIR, "the dispatcher holds a lock on it, too"),
    _file("lock/global.lock", _CLOSED, _DISPATCHER, "its pid", "held: a dispatcher lives"),
    _folder("run", _DIR, "what exists while the programs of the admin run"),
    _file(
        "run/ctl.sock", tree.SOCKET_MODE, _DISPATCHER, "socket", "where commands and agents call"
    ),
    _file("run/<any>", None, _ADMIN, "", "supervisord's, where it is used"),
    _folder("tmp", tree.TEMP_DIR_MODE, "files that are not yet whole; emptied at each start"),
    _file("tmp/.new.<pid>.<n>", None, _DISPATCHER, "", "one such file"),
    _folder("tmp/frozen.<any>", _OWN_DIR, "what had not ended when a backup was made"),
    _file("tmp/frozen.<any>/<any>", None, _DISPATCHER, "", "a second name of a record or script"),
    _folder("former.<any>", _OWN_DIR, "queue/ and state/ as they were before a restore", RESTORE),
    _folder("restored.<any>", _OWN_DIR, "a restore that was cut short; remove it", RESTORE),
    _folder("users", tree.USERS_MODE, "the only place where the group may write"),
    _folder("users/squatted.<any>", _OWN_DIR, "lay where a user's directory belongs", ANYBODY),
    _folder(_USER, _OWN_DIR, "one user's own", _OWNER),
    _file(f"{_USER}/agent.lock", _CLOSED, "agent", "its pid", "held: the user's agent lives"),
    _file(
        f"{_USER}/agent.shell",
        _CLOSED,
        "agent",
        "lines",
        "the nice value, groups, cores and hard limits that it has, and its jobs with it",
    ),
    _file(f"{_USER}/.new.<pid>.<n>", None, "agent", "", "a file that is not yet whole"),
    _file(f"{_USER}/agent.log", _CLOSED, "agent", "a line an event", "a log"),
    _folder(f"{_USER}/requests", _OWN_DIR, "what the user submitted", _OWNER),
    _folder(_REQUEST, _OWN_DIR, "one submission; never changed", "tsbatch"),
    _file(f"{_REQUEST}/slurm_script", tree.SCRIPT_MODE, "tsbatch", "as submitted", "what runs"),
    _file(f"{_REQUEST}/request", _CLOSED, "tsbatch", _PARTS, "all else: the parts below"),
    _file(f"{_REQUEST}/argv", _CLOSED, _OLDER, _NULS, "the command line"),
    _file(f"{_REQUEST}/variables", _CLOSED, _OLDER, _NULS, "SBATCH_* and SLURM_* variables"),
    _file(f"{_REQUEST}/environment", _CLOSED, _OLDER, _NULS, "all variables"),
    _file(f"{_REQUEST}/cwd", _CLOSED, _OLDER, "a path", "the working directory"),
    _file(f"{_REQUEST}/umask", _CLOSED, _OLDER, "octal", "the umask"),
    _file(f"{_REQUEST}/limits", _CLOSED, _OLDER, "as /proc/PID/limits", "the limits"),
    _file(f"{_REQUEST}/command", _CLOSED, _OLDER, "a word", "tsbatch or run_job"),
    _file(f"{_REQUEST}/altered", _CLOSED, "scontrol", _NULS, "what scontrol update changed of it"),
    _file(f"{_REQUEST}/job", _CLOSED, "tsbatch, agent", _NUMBER, "the job that it became"),
    _file(
        f"{_REQUEST}/attempts",
        _CLOSED,
        "agent",
        "a line an attempt",
        "attempts that are over: none of them is ever started again",
    ),
    _folder(f"{_USER}/runs", _OWN_DIR, "attempts that the dispatcher has not settled yet", _OWNER),
    _folder(_RUN, _OWN_DIR, "one attempt; that it exists is the claim", "agent"),
    _file(f"{_RUN}/worker.lock", _CLOSED, "worker", "its pid", "held: the worker lives"),
    _file(f"{_RUN}/alive", _CLOSED, "worker", "empty", "held: something of the job lives"),
    _file(f"{_RUN}/grant", _CLOSED, "agent", _JSON, "what was granted; the claim is complete"),
    _file(f"{_RUN}/started", _CLOSED, "the job", _JSON, "pid, start time, boot: it was started"),
    _file(f"{_RUN}/job<n>", None, "worker", LINK, "to the request, for $0 of sbatch's scripts"),
    _file(f"{_RUN}/lingering", _CLOSED, "worker", _JSON, "what of it has outlived KILL"),
    _file(f"{_RUN}/amended", _CLOSED, "worker", _JSON, "its limit, and its pauses, if changed"),
    _file(f"{_RUN}/steps", _CLOSED, "srun, worker", "lines", "its steps; see job/steplines.py"),
    _file(f"{_RUN}/.exit", _CLOSED, "worker", "", "room for the exit record"),
    _file(f"{_RUN}/exit", _CLOSED, "worker", _JSON, "how it ended"),
    _file(f"{_RUN}/.new.<pid>.<n>", None, "agent", "", "a file that is not yet whole"),
    _folder(
        f"{_USER}/runs/.spare.<any>", _OWN_DIR, "of a run that is over, for one to come", "agent"
    ),
    _file(f"{_USER}/runs/.spare.<any>/<any>", None, "agent", "", "what every run has"),
    _file(
        f"{_USER}/runs/.listens.<any>", _CLOSED, "agent", "socket", "a worker's, for all its runs"
    ),
    _folder(f"{_USER}/runs/.gone.<any>", _OWN_DIR, "an attempt that is being removed", "agent"),
    _file(f"{_USER}/runs/.gone.<any>/<any>", None, "agent", "", "what is left of it"),
    _file(f"{_RUN}/.started", _CLOSED, "agent", "", "of a run that had this directory before"),
    _file(f"{_RUN}/ctl.sock", _CLOSED, "worker", "socket", "where the agent calls the worker"),
)


def place_of(path: str) -> Place | None:
    """What a path below the root is; a directory's ends in `/`; None: nothing of ours."""
    return next((place for place in PLACES if place.fits(path)), None)


def table() -> str:
    """The table of docs/spool.md."""
    lines = ["| path | mode | written by | form | what |", "|---|---|---|---|---|"]
    for place in PLACES:
        mode = "" if place.mode is None else f"{place.mode:04o}"
        lines.append(f"| `{place.path}` | {mode} | {place.writer} | {place.form} | {place.what} |")
    return "\n".join(lines) + "\n"

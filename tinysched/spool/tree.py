"""Names, paths and modes of everything under a root.

On the start-up path of the small commands: imports nothing. places.py says what each of
them is.
"""

from __future__ import annotations

FORMAT = 1
# While there is a journal: a release that knows none must not begin.
JOURNALLED = 2

PENDING = "pending"
RUNNING = "running"
COMPLETED = "completed"
FAILED = "failed"
FOLDERS = (PENDING, RUNNING, COMPLETED, FAILED)
QUARANTINE = "quarantine"
LEGACY = "legacy"
ENDED_LOG = "ended.log"
LAST_ID = "last_job_id"
FORMAT_FILE = "format"
CLOSED_PLACES = "closed"
JOURNALS = ("journal.0", "journal.1")
RESUBMIT = "RESUBMIT"
META = "meta"
SCRIPT = "script"
GONE = "gone"

ROOT_MODE = 0o2750
OPEN_DIR_MODE = 0o2750  # the group may look
TEMP_DIR_MODE = 0o2700  # setgid, too: a rename keeps the group that a file was made with
CLOSED_DIR_MODE = 0o700
USERS_MODE = 0o3770  # the one place where the group may write; sticky
OPEN_FILE_MODE = 0o640
CLOSED_FILE_MODE = 0o600
SCRIPT_MODE = 0o700  # a user's own copy: it is executed
SOCKET_MODE = 0o660

# The directories a dispatcher makes and keeps in order: path below the root, mode.
DIRECTORIES = (
    ("state", OPEN_DIR_MODE),
    ("queue", OPEN_DIR_MODE),
    *((f"queue/{folder}", OPEN_DIR_MODE) for folder in FOLDERS),
    (f"queue/{QUARANTINE}", OPEN_DIR_MODE),
    ("logs", OPEN_DIR_MODE),
    ("run", OPEN_DIR_MODE),
    ("tmp", TEMP_DIR_MODE),
    ("users", USERS_MODE),
)

SUBMITTED = "slurm_script"
REQUEST = "request"
WORKER_LOCK = "worker.lock"
ALIVE = "alive"
GRANT = "grant"
STARTED = "started"
ALTERED = "altered"
LINGERING = "lingering"
AMENDED = "amended"
EXIT = "exit"
EXIT_RESERVED = ".exit"
STARTED_SPARE = ".started"
SOCKET = "ctl.sock"
STEPS = "steps"
AGENT_LOCK = "agent.lock"
AGENT_SHELL = "agent.shell"
BOUND = "job"
ATTEMPTS = "attempts"
TEMP_PREFIX = ".new."
GONE_PREFIX = ".gone."
SPARE_PREFIX = ".spare."
LISTENS_PREFIX = ".listens."
# What lies beside the directories of runs; two dots: a socket that has not got its name yet.
NOT_RUNS = (GONE_PREFIX, SPARE_PREFIX, LISTENS_PREFIX, f".{LISTENS_PREFIX}")


def meta_name(number: int, task: int | None = None) -> str:
    """The file name of a job's record, or of a task's."""
    return f"job_{number}.meta" if task is None else f"job_{number}_{task}.meta"


def script_name(number: int) -> str:
    """The file name of the record's copy of a script."""
    return f"job_{number}.script"


def gone_name(number: int) -> str:
    """The file name of a job's record that was removed, until all else of the job is, too."""
    return f"job_{number}.{GONE}"


def read_name(name: str) -> tuple[int, int | None, str] | None:
    """Take `job_42_7.meta` apart into (42, 7, "meta"); None: the name is not one of ours."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or suffix not in (META, SCRIPT, GONE) or not stem.startswith("job_"):
        return None
    number, underscore, task = stem[4:].partition("_")
    if not _is_plain(number) or (underscore and not _is_plain(task)):
        return None
    return int(number), int(task) if underscore else None, suffix


def read_aside_name(name: str) -> tuple[str, tuple[int, int | None]] | None:
    """Take `running.job_42_7.meta.1` apart into ("running", (42, 7)); None: not such a name."""
    folder, _, rest = name.partition(".")
    stem, _, count = rest.rpartition(".")
    parts = read_name(stem)
    if parts is None or parts[2] != META or not count.isdigit():
        return None
    return folder, parts[:2]


def read_run_name(name: str) -> tuple[int, int | None, int] | None:
    """Take `42_7.1` apart into (42, 7, 1); None: not the name of a run."""
    job, dot, attempt = name.partition(".")
    number, underscore, task = job.partition("_")
    if not dot or not _is_plain(attempt) or not _is_plain(number):
        return None
    if underscore and not _is_plain(task):
        return None
    return int(number), int(task) if underscore else None, int(attempt)


def _is_plain(text: str) -> bool:
    """A number as we print it: no sign, no zero in front, no digits of other scripts."""
    return text.isascii() and text.isdigit() and len(text) <= 18 and (text[0] != "0" or text == "0")


def is_token(text: str) -> bool:
    """Safe as a file name, whoever sent it."""
    return (
        0 < len(text) <= 64 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()
    )


def users_dir(root: str) -> str:
    """The one shared-writable directory."""
    return f"{root}/users"


def user_name(uid: int) -> str:
    """The name of a user's own directory, below users/."""
    return f"u{uid}"


def lock_dir(root: str) -> str:
    """Where the dispatcher's lock lies, unless the installation names another directory."""
    return f"{root}/lock"

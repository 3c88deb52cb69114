"""Users and groups as the machine knows them."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import secrets
import signal
import subprocess
import tempfile

_LOGIN_PATH = "/usr/local/bin:/usr/bin:/bin"
_LOGIN_WAIT_S = 10
# What a shell says of itself is no part of the environment that it makes.
_SHELLS_OWN = (b"_", b"SHLVL", b"OLDPWD")


def user_name(uid: int) -> str:
    """Name a user; one that is not known any more goes by the number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def uid_of(name: str) -> int | None:
    """Find a user by name or by number; None if there is none of that name."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name).pw_uid
    return int(name) if name.isascii() and name.isdigit() else None


def home(uid: int) -> str:
    """Find a user's home; `/` for one that is not known."""
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return "/"


def home_of_caller() -> str:
    """Find the caller's home: what the environment says, else what the machine's books say."""
    return os.environ.get("HOME") or home(os.getuid())


def shell(uid: int) -> str:
    """Find a user's login shell."""
    try:
        return pwd.getpwuid(uid).pw_shell or "/bin/sh"
    except KeyError:
        return "/bin/sh"


def primary_gid(uid: int) -> int | None:
    """Find a user's primary group."""
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return None


def group_name(gid: int) -> str:
    """Name a group; one that is not known goes by the number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def gid_of(name: str) -> int | None:
    """Find a group by name or by number; None if there is none of that name."""
    with contextlib.suppress(KeyError):
        return grp.getgrnam(name).gr_gid
    return int(name) if name.isascii() and name.isdigit() else None


def groups_of(uid: int) -> frozenset[int]:
    """Find all groups a user is in by the machine's books."""
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return frozenset()
    return frozenset(os.getgrouplist(user.pw_name, user.pw_gid))


def login_environment(uid: int) -> dict[bytes, bytes]:
    """Build the environment of a fresh login, as the calling user: `--export=NONE` asks for it.

    The login shell reads its profile. If it does not answer in 10 s, or is no shell (nologin), the
    result holds only what every login sets.
    """
    bare = {
        "HOME": home(uid),
        "USER": user_name(uid),
        "LOGNAME": user_name(uid),
        "SHELL": shell(uid),
        "MAIL": f"/var/mail/{user_name(uid)}",
        "PATH": _LOGIN_PATH,
    }
    mark = secrets.token_hex(16)
    answer = _ask_login_shell(bare, f"/bin/echo {mark}; exec /usr/bin/env -0")
    # A profile may print; what it prints comes before the mark.
    _, _, listing = answer.partition(f"{mark}\n".encode())
    pairs = (entry.partition(b"=") for entry in listing.split(b"\0") if b"=" in entry)
    found = {name: value for name, _, value in pairs if name and name not in _SHELLS_OWN}
    return {os.fsencode(name): os.fsencode(value) for name, value in bare.items()} | found


def _ask_login_shell(environment: dict[str, str], command: str) -> bytes:
    """Run a command in a login shell; whatever goes wrong, what it wrote so far is the answer."""
    shell_path = environment["SHELL"]
    # A file, no pipe: a daemon started by the profile would keep a pipe open for ever.
    with tempfile.TemporaryFile() as output, contextlib.suppress(OSError):
        login = subprocess.Popen(
            [f"-{os.path.basename(shell_path)}", "-c", command],
            executable=shell_path,
            env=environment,
            cwd=environment["HOME"] if os.access(environment["HOME"], os.X_OK) else "/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            login.wait(_LOGIN_WAIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(login.pid, signal.SIGKILL)
            login.wait()
        output.seek(0)
        return output.read()
    return b""

"""What a fresh login sets: asked of the login shell itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile

from tinysched.host import identity

_LOGIN_PATH = "/usr/local/bin:/usr/bin:/bin"
_LOGIN_WAIT_S = 10
# What a shell says of itself is no part of the environment that it makes.
_SHELLS_OWN = (b"_", b"SHLVL", b"OLDPWD")


def environment(uid: int) -> dict[bytes, bytes]:
    """Build the environment of a fresh login, as the calling user: `--export=NONE` asks for it.

    The login shell reads its profile. If it does not answer in 10 s, or is no shell (nologin), the
    result holds only what every login sets.
    """
    bare = {
        "HOME": identity.home(uid),
        "USER": identity.user_name(uid),
        "LOGNAME": identity.user_name(uid),
        "SHELL": identity.shell(uid),
        "MAIL": f"/var/mail/{identity.user_name(uid)}",
        "PATH": _LOGIN_PATH,
    }
    mark = os.urandom(16).hex()
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

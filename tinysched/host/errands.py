"""Other people's commands, run to their end for the sake of what they answer."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from tinysched.errors import TinyschedError

WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a command ended; `words` is the first line of its complaint."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Why it did not do it, in a line of its own."""
        lines = [line for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[0].strip() if lines else f"exit code {self.code}"


def run(*argv: str, stdin: str = "") -> Answer:
    """Run a command of the caller's PATH, in English, with text of any bytes.

    Raises: TinyschedError if there is no such command, or it does not end.
    """
    runtime_dir = f"/run/user/{os.getuid()}"
    # Not set after su; systemctl --user finds its manager there.
    more = {"XDG_RUNTIME_DIR": runtime_dir} if os.path.isdir(runtime_dir) else {}
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=WAIT_S,
            env={**more, **os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise TinyschedError(f"there is no {argv[0]} here") from None
    except OSError as error:
        raise TinyschedError(f"{argv[0]} cannot be executed: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise TinyschedError(f"{argv[0]} does not answer") from None
    return Answer(code=done.returncode, out=done.stdout, err=done.stderr)

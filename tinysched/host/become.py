"""Root taking on a user's identity, for good."""

from __future__ import annotations

import os
import pwd

from tinysched.errors import TinyschedError


def become(uid: int) -> None:
    """Give up root for a user: uid, groups and what the environment says of the user.

    Raises: TinyschedError if the user is not known.
    """
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        raise TinyschedError(f"cannot act as uid {uid}: there is no such user") from None
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(uid)
    os.environ.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name)

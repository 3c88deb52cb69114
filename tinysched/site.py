"""Where this installation lives: what a launcher knows before any file is read.

Imported on the start-up path of tsbatch, tsqueue and tscancel: imports nothing.
"""

from __future__ import annotations


class Site:
    """One installation: its root, whom to trust as dispatcher, and its own commands.

    `admin_uid` is None when the root was named by TJS_ROOT: then the root's owner is trusted.
    `bin_dir` holds the launchers.
    """

    __slots__ = ("admin_uid", "bin_dir", "root")

    def __init__(self, root: str, admin_uid: int | None, bin_dir: str) -> None:
        self.root = root
        self.admin_uid = admin_uid
        self.bin_dir = bin_dir

    def chosen_by(self, tjs_root: str | None) -> Site:
        """The site a caller means who has (or has not) set TJS_ROOT."""
        if not tjs_root or tjs_root == self.root:
            return self
        return Site(tjs_root, None, self.bin_dir)

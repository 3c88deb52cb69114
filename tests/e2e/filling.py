"""Fills the spool of a queue that does not run, as its admin: ROOT COUNT UID.

Run as a program, since the queue's files have to belong to its admin. What tsbatch would store with
the submitter is missing, scripts too: these jobs must not be started.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from tests.spool.disks import QuickDisk
from tests.spool.made import plain
from tinysched.spool.store import Store


def main(root: str, count: int, uid: int) -> None:
    """Makes so many pending jobs of one user."""
    store = Store.open(root, QuickDisk())
    store.load()
    jobs = []
    for _ in range(count):
        number = store.allocate_id()
        job = plain(number)
        facts = {"uid": uid, "user": str(uid), "token": f"{number:032x}"}
        jobs.append(replace(job, submitted_at=time.time(), **facts))
    store.publish(jobs)
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

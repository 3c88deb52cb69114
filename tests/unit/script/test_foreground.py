"""`run_job.sh CPUS yes|no COMMAND...` becomes a request for a foreground job."""

from __future__ import annotations

import pytest

from tinysched.errors import UsageError
from tinysched.script.submission import read_foreground


def test_run_job_takes_its_words_as_they_are():
    request = read_foreground(["8", "no", "/usr/bin/python3", "my.py", "-V"], "/w").request
    assert request.name == "python3"
    assert request.arguments == ("/usr/bin/python3", "my.py", "-V")
    assert (request.cores, request.exclusive, request.foreground) == (8, False, True)
    assert not request.requeue
    assert read_foreground(["1", "yes", "true"], "/w").request.exclusive


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        ([], "expected CPUS, then yes or no, then a command"),
        (["8", "no"], "expected CPUS, then yes or no, then a command"),
        (["8", "no", ""], "expected CPUS, then yes or no, then a command"),
        (["x", "no", "true"], "CPUS is x: expected a whole number, at least 1"),
        (["0", "no", "true"], "CPUS is 0: expected a whole number, at least 1"),
        (["8", "maybe", "true"], "expected yes (all cores for this job) or no, not maybe"),
        (["8", "no", "a\nb"], "expected one line of text"),
        (["--nosuch", "8", "no", "true"], "unknown option '--nosuch'"),
    ],
)
def test_run_job_says_what_it_misses(argv, why):
    with pytest.raises(UsageError) as failure:
        read_foreground(argv, "/w")
    assert failure.value.sentence == f"cannot read the command line: {why}"
    assert failure.value.cure == "try 'run_job.sh --help'"

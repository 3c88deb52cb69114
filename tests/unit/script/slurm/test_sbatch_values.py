"""What each option makes of a request, and which words there are for what it does not take."""

from __future__ import annotations

import pytest

from tests.unit.script.slurm.submitting import NOW, asked, refused
from tinysched.job.request import Export, OpenMode
from tinysched.script.slurm.sbatch_options import SBATCH

HOUR_S = 3600
# Each option with a value, and what it makes of a request: a field, or a text that is kept.
TAKEN: list[tuple[str, str, object]] = [
    ("--account=lab", "account", "lab"),
    ("--account=", "account", ""),
    ("--acctg-freq=task=10", "stored", {"acctg-freq": "task=10"}),
    ("--batch=foo", "stored", {"batch": "foo"}),
    ("--begin=now+1hour", "begin_at", NOW + HOUR_S),
    ("--cluster-constraint=x", "stored", {"cluster-constraint": "x"}),
    ("--chdir=sub", "work_dir", "/home/ann/sub"),
    ("--chdir=", "work_dir", "/home/ann"),
    ("--cluster=linux", "stored", {"clusters": "linux"}),
    ("--clusters=linux", "stored", {"clusters": "linux"}),
    ("--comment=a b", "comment", "a b"),
    ("--comment=", "comment", ""),
    ("--context=x", "stored", {"context": "x"}),
    ("--contiguous", "stored", {"contiguous": ""}),
    ("--constraint=x", "stored", {"constraint": "x"}),
    ("--cores-per-socket=1", "stored", {"cores-per-socket": "1"}),
    ("--cpu-freq=low-high:ondemand", "stored", {"cpu-freq": "low-high:ondemand"}),
    ("--cpus-per-gpu=2", "stored", {"cpus-per-gpu": "2"}),
    ("--cpus-per-task=3", "cores", 3),
    ("--deadline=now+1hour", "deadline_at", NOW + HOUR_S),
    ("--delay-boot=5", "stored", {"delay-boot": "5"}),
    ("--dependency=", "dependency", None),
    ("--distribution=cyclic:block", "stored", {"distribution": "cyclic:block"}),
    ("--error=x", "error", "x"),
    ("--exclude=n1", "stored", {"exclude": "n1"}),
    ("--exclusive", "exclusive", True),
    ("--exclusive=user", "stored", {"exclusive": "user"}),
    ("--export=NONE", "export", Export(everything=False)),
    ("--export=nil", "export", Export(everything=False)),
    ("--export=ALL,A=b=c", "export", Export(values={"A": "b=c"})),
    ("--export=A,B='p,q'", "export", Export(everything=False, names=("A",), values={"B": "'p,q'"})),
    ("--extra-node-info=2:4:1", "ntasks", 8),
    ("--get-user-env=10L", "stored", {"get-user-env": "10L"}),
    ("--gpu-bind=closest", "stored", {"gpu-bind": "closest"}),
    ("--gpu-freq=low,memory=high", "stored", {"gpu-freq": "low,memory=high"}),
    ("--gpus=0", "stored", {"gpus": "0"}),
    ("--gpus-per-node=0", "stored", {"gpus-per-node": "0"}),
    ("--gpus-per-socket=0", "stored", {"gpus-per-socket": "0"}),
    ("--gpus-per-task=0", "stored", {"gpus-per-task": "0"}),
    ("--gres=none", "stored", {"gres": "none"}),
    ("--gres-flags=enforce-binding", "stored", {"gres-flags": "enforce-binding"}),
    ("--hint=nomultithread", "stored", {"hint": "nomultithread"}),
    ("--hold", "held", True),
    ("--input=x", "input", "x"),
    ("--job-name=a b", "name", "a b"),
    ("--job-name=", "name", ""),
    ("--kill-on-invalid-dep=YES", "kill_on_invalid_dependency", True),
    ("--licenses=x", "stored", {"licenses": "x"}),
    ("--mail-type=end,BEGIN", "mail_type", "BEGIN,END"),
    ("--mail-type=ALL", "mail_type", "INVALID_DEPEND,BEGIN,END,FAIL,REQUEUE,STAGE_OUT"),
    ("--mail-type=END,NONE", "mail_type", None),
    ("--mail-type=TIME_LIMIT,TIME_LIMIT_50,X", "mail_type", "TIME_LIMIT_50,TIME_LIMIT"),
    ("--mail-user=a@b.c", "mail_user", "a@b.c"),
    ("--mcs-label=x", "stored", {"mcs-label": "x"}),
    ("--mem=100KB", "memory_mib", 1),
    ("--mem= 5", "memory_mib", 5),
    ("--mem=0", "memory_mib", 0),
    ("--mem-bind=quiet,local", "stored", {"mem-bind": "quiet,local"}),
    ("--mem-per-cpu=1G", "memory_per_cpu_mib", 1024),
    ("--mem-per-cpu=0", "memory_mib", 0),
    ("--mem-per-gpu=1G", "stored", {"mem-per-gpu": "1024"}),
    ("--mincpus=4", "stored", {"mincpus": "4"}),
    ("--network=x", "stored", {"network": "x"}),
    ("--nice", "nice", 100),
    ("--nice=7", "nice", 7),
    ("--nice=-7", "nice", -7),
    ("--nice=1x", "nice", 1),
    ("--nice=abc", "nice", 0),
    ("--no-kill=off", "stored", {"no-kill": "off"}),
    ("--no-requeue", "requeue", False),
    ("--nodelist=n1", "stored", {"nodelist": "n1"}),
    ("--nodes=1-2", "stored", {"nodes": "1-2"}),
    ("--nodes=2", "nodes", 2),
    ("--nodes=1k", "nodes", 1024),
    ("--nodes=-1", "nodes", 1),
    ("--ntasks=02", "cores", 2),
    ("--ntasks-per-core=2", "stored", {"ntasks-per-core": "2"}),
    ("--ntasks-per-gpu=1", "stored", {"ntasks-per-gpu": "1"}),
    ("--ntasks-per-node=3", "cores", 3),
    ("--ntasks-per-socket=1", "stored", {"ntasks-per-socket": "1"}),
    ("--ntasks-per-tres=1", "stored", {"ntasks-per-tres": "1"}),
    ("--open-mode=appendix", "open_mode", OpenMode.APPEND),
    ("--open-mode=T", "open_mode", OpenMode.TRUNCATE),
    ("--output=x", "output", "x"),
    ("--overcommit", "overcommit", True),
    ("--oversubscribe", "stored", {"oversubscribe": ""}),
    ("--partition=a,b", "partition", "a,b"),
    ("--power=level", "stored", {"power": "level"}),
    ("--prefer=x", "stored", {"prefer": "x"}),
    ("--priority=5", "stored", {"priority": "5"}),
    ("--priority=TOP", "stored", {"priority": "TOP"}),
    ("--priority=abc", "stored", {"priority": "0"}),
    ("--profile=task,energy", "stored", {"profile": "task,energy"}),
    ("--propagate", "stored", {"propagate": ""}),
    ("--propagate=RLIMIT_CPU,STACK", "stored", {"propagate": "RLIMIT_CPU,STACK"}),
    ("--qos=high", "qos", "high"),
    ("--reboot", "stored", {"reboot": ""}),
    ("--requeue", "requeue", True),
    ("--reservation=x", "stored", {"reservation": "x"}),
    ("--signal=B:usr1@10", "limit_signal", "B:USR1@10"),
    ("--signal=10@", "limit_signal", "USR1@60"),
    ("--signal=RB:SIGTERM@5", "limit_signal", "B:TERM@5"),
    ("--sockets-per-node=8", "stored", {"sockets-per-node": "8"}),
    ("--spread-job", "stored", {"spread-job": ""}),
    ("--switches=1@10:00", "stored", {"switches": "1@10:00"}),
    ("--tasks-per-node=2", "cores", 2),
    ("--threads-per-core=1", "stored", {"threads-per-core": "1"}),
    ("--time=1:30", "limit_s", 120),
    ("--time-min=5", "stored", {"time-min": "300"}),
    ("--tmp=2G", "stored", {"tmp": "2048"}),
    ("--use-min-nodes", "stored", {"use-min-nodes": ""}),
    ("--wait-all-nodes=1", "stored", {"wait-all-nodes": "1"}),
    ("--wckey=x", "stored", {"wckey": "x"}),
]
# Each value that is refused, with exit code and words; one line unless said otherwise.
REFUSED: list[tuple[str, int, str]] = [
    ("--acctg-freq=abc", 255, "Invalid --acctg-freq specification: abc"),
    ("--bb=x", 1, "--bb is not supported: there are no burst buffers"),
    ("--bbf=x", 1, "--bbf is not supported: there are no burst buffers"),
    ("--begin=", 255, "Invalid --begin specification"),
    ("--container=/x", 1, "--container is not supported: containers are not run"),
    ("--core-spec=abc", 1, 'Invalid numeric value "abc" for --core-spec.'),
    ("--cores-per-socket=0", 1, 'Invalid numeric value "0" for --cores-per-socket.'),
    (
        "--cpu-freq=foo",
        255,
        'unrecognized --cpu-freq argument "foo"\nsbatch: error: Invalid --cpu-freq argument',
    ),
    ("--cpus-per-gpu=abc", 1, 'Invalid numeric value "abc" for --cpus-per-gpu.'),
    ("--cpus-per-task=0", 1, 'Invalid numeric value "0" for --cpus-per-task.'),
    ("--deadline=", 255, "Invalid --deadline specification"),
    ("--delay-boot=abc", 255, "Invalid --delay-boot specification"),
    ("--distribution=foo", 255, "Invalid --distribution specification"),
    (
        "--distribution=plane",
        255,
        "Invalid plane size or size not specified\n"
        "sbatch: error: Invalid --distribution specification",
    ),
    (
        "--distribution=arbitrary",
        1,
        "With Arbitrary distribution you need to specify a nodelist or hostfile with the -w option",
    ),
    ("--exclusive=foo", 255, "Invalid --exclusive specification"),
    ("--export-file=x", 1, "--export-file is not supported: name the variables with --export"),
    ("--extra-node-info=abc", 1, 'Invalid numeric value "abc" for first arg of -B.'),
    ("--get-user-env=x", 255, "Invalid --get-user-env specification"),
    ("--gid=alice", 255, "--gid only permitted by root user"),
    ("--gpu-freq=foo", 255, "Invalid --gpu-freq argument: gpu:foo"),
    ("--gres-flags=foo", 255, "Invalid --gres-flags specification"),
    ("--hint=foo", 1, 'unrecognized --hint argument "foo", see --hint=help'),
    ("--kill-on-invalid-dep=", 255, "Invalid --kill-on-invalid-dep specification"),
    ("--mail-type=", 255, "Invalid --mail-type specification"),
    ("--mail-type= END", 255, "Invalid --mail-type specification"),
    ("--mem=1.5G", 255, "Invalid --mem specification"),
    ("--mem=-1", 255, "Invalid --mem specification"),
    ("--mem-bind=foo", 255, 'unrecognized --mem-bind argument "foo"'),
    ("--mem-per-cpu=abc", 255, "Invalid --mem-per-cpu specification"),
    ("--mem-per-gpu=x", 255, "Invalid --mem-per-gpu specification"),
    ("--mincpus=-1", 1, 'Invalid numeric value "-1" for --mincpus.'),
    ("--nice=2147483646", 255, "Invalid --nice value, out of range (+/- 2147483645)"),
    ("--no-kill=foo", 255, "Invalid --no-kill specification"),
    ("--nodefile=x", 1, "--nodefile is not supported: name the host with --nodelist"),
    ("--nodes=", 255, '"" is not a valid node count'),
    ("--nodes=abc", 255, '"abc" is not a valid node count'),
    ("--nodes=1,2", 255, '"1,2" is not a valid node count'),
    ("--nodes=2-1", 255, "Maximum node count 1 is less than minimum node count 2"),
    ("--nodes=1-", 255, "Maximum node count -1 is less than minimum node count 1"),
    ("--ntasks=", 1, 'Invalid numeric value "" for --ntasks.'),
    ("--ntasks=4k", 1, 'Invalid numeric value "4k" for --ntasks.'),
    ("--ntasks-per-core=0", 1, 'Invalid numeric value "0" for --ntasks-per-core.'),
    ("--ntasks-per-node=abc", 1, 'Invalid numeric value "abc" for --ntasks-per-node.'),
    ("--ntasks-per-socket=0", 1, 'Invalid numeric value "0" for --ntasks-per-socket.'),
    ("--open-mode=", 255, "Invalid --open-mode specification"),
    ("--open-mode=foo", 255, "Invalid --open-mode specification"),
    ("--priority=-1", 255, "Priority must be >= 0"),
    ("--priority=4294967295", 255, "Priority must be < 4294967294"),
    ("--profile=foo", 255, "invalid --profile=foo option"),
    (
        "--propagate=NOFILE,cpu",
        1,
        "Bad rlimit name: cpu\nsbatch: error: --propagate=NOFILE,cpu is not valid.",
    ),
    ("--signal=", 255, "Invalid --signal specification"),
    ("--signal=0", 255, "Invalid --signal specification"),
    ("--signal=FOO", 255, "Invalid --signal specification"),
    ("--signal=X:USR1", 255, "Invalid --signal specification"),
    ("--signal=USR1@65536", 255, "Invalid --signal specification"),
    ("--sockets-per-node=0", 1, 'Invalid numeric value "0" for --sockets-per-node.'),
    ("--switches=abc", 1, 'Invalid numeric value "abc" for --switches.'),
    ("--threads-per-core=abc", 1, 'Invalid numeric value "abc" for --threads-per-core.'),
    ("--time-min=abc", 255, "Invalid --time-min specification"),
    ("--tmp=abc", 255, "Invalid --tmp specification"),
    ("--uid=bob", 255, "--uid only permitted by root user"),
    ("--wait-all-nodes=abc", 1, 'Invalid numeric value "abc" for --wait-all-nodes.'),
]
# What concerns the answer, and has tests of its own below.
ANSWERING = {"ignore-pbs", "parsable", "quiet", "test-only", "verbose", "wait", "wrap"}
ASKED_OF_THE_COMMAND = {"help", "usage", "version"}
ELSEWHERE = {"array", "core-spec", "thread-spec"}


@pytest.mark.parametrize(("word", "field", "value"), TAKEN)
def test_what_an_option_makes_of_a_request(word: str, field: str, value: object):
    found = getattr(asked(word), field)
    if field == "stored":
        assert value.items() <= found.items()  # type: ignore[attr-defined]  # a mapping here
    else:
        assert (str(found) if field == "limit_signal" else found) == value


@pytest.mark.parametrize(("word", "exit_code", "words"), REFUSED)
def test_what_an_option_does_not_take(word: str, exit_code: int, words: str):
    assert refused(word) == (exit_code, f"sbatch: error: {words}\n")


def test_no_option_is_without_a_test():
    tried = {word.partition("=")[0][2:] for word, *_ in [*TAKEN, *REFUSED]}
    tried |= ANSWERING | ASKED_OF_THE_COMMAND | ELSEWHERE
    assert tried == {option.name for option in SBATCH}

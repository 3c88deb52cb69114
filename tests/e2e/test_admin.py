"""What the queue's admin does and sees: purging, status, configuration, no dispatcher."""

from __future__ import annotations

from tests.e2e.rig import CONFIG, Site
from tests.e2e.user import User
from tinysched import __version__


def test_tspurge_forgets_ended_jobs_and_touches_no_output(own_site: Site):
    ann, admin = own_site.ann.move(), own_site.admin
    array = ann.wrap("echo made", "--array=1-3", "-o", "out_%a", "-e", "none")
    own_site.until_ended(array)
    jobs = [own_site.until_state(ann.wrap("exit 3"), "FAILED")["job"] for _ in range(3)]
    open_job = ann.wrap("true", "-H")
    oldest = f"would remove job {array}\nwould remove job {jobs[0]}\nwould remove 2 jobs\n"
    assert admin.ok("tspurge", "--keep-last=2", "--dry-run") == oldest
    assert admin.ok("tspurge", "--keep-last=2", "--age-days=1") == "removed 0 jobs\n"
    assert admin.ok("tspurge", "--age-days=1") == "removed 0 jobs\n"
    assert len(ann.ok("tsqueue", "-h", "--all").splitlines()) == 7
    assert admin.ok("tspurge", "--keep-last=2") == oldest.replace("would remove", "removed")
    assert ann.run("tsqueue", "-j", array).code == 1
    queue = own_site.root / "queue"
    left = {path.name for path in queue.rglob("job_*")}
    assert left == {f"job_{n}.{kind}" for n in (*jobs[1:], open_job) for kind in ("meta", "script")}
    assert admin.ok("tspurge", "--keep-last=0").endswith("removed 2 jobs\n")
    assert own_site.job(open_job)["state"] == "PENDING"
    assert {f"out_{task}" for task in (1, 2, 3)} <= {path.name for path in ann.here.iterdir()}


def test_the_queue_purges_itself_as_the_environment_says(own_site: Site):
    ann = own_site.ann
    jobs = [own_site.completes(ann.wrap("true"))["job"] for _ in range(3)]  # one by one
    own_site.kill_dispatcher(15)
    own_site.start(TJS_PURGE_KEEP_LAST="1", TJS_PURGE_INTERVAL_SEC="1")
    completed = own_site.root / "queue" / "completed"
    own_site.until(lambda: len(list(completed.glob("*.meta"))) == 1, "all but one are gone")
    assert (completed / f"job_{jobs[-1]}.meta").exists()


def test_tsdaemon_tells_how_the_queue_does(site: Site, ann: User):
    number = ann.wrap("sleep 60", "-c", "3")
    site.until_state(number, "RUNNING")
    fields = dict(line.split(":", 1) for line in ann.ok("tsdaemon", "status").splitlines())
    told = {name: value.strip() for name, value in fields.items()}
    assert told["state"] == "running"
    assert told["pid"] == str(site.dispatcher_pid)
    assert told["root"] == str(site.root)
    assert told["cores"] == "3 of 4 taken"
    assert "1 RUNNING" in told["jobs"]
    assert ann.name in told["agents"]
    assert told["version"] == __version__


def test_stop_does_not_wait_for_a_parent_that_takes_no_notice(own_site: Site):
    pid = own_site.dispatcher_pid  # a child of this test, which looks only after the command
    assert own_site.admin.ok("tsdaemon", "stop") == f"stopped (pid {pid}); running jobs go on\n"
    own_site.kill_dispatcher()


def test_a_reload_changes_the_cores_and_a_mistake_changes_nothing(own_site: Site):
    admin = own_site.admin
    own_site.configure(CONFIG.replace("cpus: 4", "cpus: 7"))
    assert admin.ok("tsdaemon", "reload") == "configuration read: 7 cores\n"
    own_site.configure(CONFIG + "kill_wait: 3\n")
    done = admin.run("tsdaemon", "reload")
    assert done.code == 1
    assert done.err.startswith("tsdaemon: error: ")
    assert "line 3" in done.err
    assert "kill_wait" in done.err
    status = admin.ok("tsdaemon", "status")
    assert "0 of 7 taken" in status
    assert "config error" in status
    own_site.configure(CONFIG)
    admin.ok("tsdaemon", "reload")
    assert "config error" not in admin.ok("tsdaemon", "status")


def test_without_a_dispatcher_tsqueue_and_tsout_read_the_spool_and_say_so(own_site: Site):
    ann = own_site.ann.move()
    ended, held = ann.wrap("echo hi"), ann.wrap("true", "-H", "-J", "stays")
    own_site.completes(ended)
    own_site.kill_dispatcher(15)
    done = ann.run("tsqueue", "--all")
    assert done.code == 0
    assert done.err == "tsqueue: no dispatcher answers; this is what the spool says\n"
    rows = [row.split() for row in done.out.splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        [str(ended), "wrap", "COMPLETED"],
        [str(held), "stays", "PENDING"],
    ]
    done = ann.run("tsout", ended)
    assert (done.code, f"slurm-{ended}.out" in done.out) == (0, True)
    done = ann.run("tscancel", held)
    assert done.code == 75
    assert done.err.startswith("tscancel: error: cannot reach the dispatcher of ")
    done = ann.run("tsdaemon", "status")
    assert (done.code, done.out) == (3, f"state: not running\nroot:  {own_site.root}\n")


def test_tsbatch_waits_for_a_restart_and_then_says_how_to_start_it(own_site: Site):
    ann = own_site.ann.move()
    own_site.kill_dispatcher(15)
    waiting = ann.start("tsbatch", "--parsable", "--wrap=exit 3")
    own_site.start()
    out, err = waiting.communicate(timeout=20)
    assert (waiting.returncode, err) == (0, "")
    assert own_site.until_state(int(out), "FAILED")["exit_code"] == 3
    own_site.kill_dispatcher(15)
    done = ann.run("tsbatch", "--wrap=true")
    assert (done.code, done.out) == (75, "")
    assert done.err.startswith("tsbatch: error: cannot reach the dispatcher of ")
    assert "tsdaemon start" in done.err

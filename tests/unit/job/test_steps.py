from hypothesis import given

from tests.spool.strategies import steps as several
from tinysched.job import steplines, steps
from tinysched.job.model import Exit, Step
from tinysched.job.steps import MOST_KEPT, Process, StepBook

FIRST = steplines.begin(0, "812:44501", 1.8e9, 2, 4, "python")
TASKS = steplines.task(0, "815:44510") + steplines.task(0, "816:44511")
LAST = steplines.end(0, 1800000007.125, "3:0", 1.25, 0.125, 20480)


@given(some=several)
def test_steps_come_back_from_their_lines(some):
    assert steps.read_all(map(steps.write, some)) == some


def test_a_step_is_live_from_its_first_line_to_its_last():
    book = StepBook()
    assert book.hear(FIRST + TASKS)
    live = book.live[0]
    assert live.srun == Process(pid=812, start_ticks=44501)
    assert [str(task) for task in live.tasks] == ["815:44510", "816:44511"]
    assert book.hear(LAST)
    assert book.live == {}
    assert book.all(2e9) == (
        Step(
            number=0,
            name="python",
            tasks=2,
            cores=4,
            started_at=1.8e9,
            ended_at=1800000007.125,
            exit=Exit(code=3),
            cpu_s=1.25,
            system_s=0.125,
            peak_memory_kib=20480,
        ),
    )


def test_a_step_whose_srun_was_killed_ends_with_its_run():
    book = StepBook()
    book.hear(FIRST)
    (step,) = book.all(1.9e9)
    assert (step.ended_at, step.exit) == (1.9e9, Exit(signal=9))


def test_of_very_many_steps_only_the_first_are_kept():
    book = StepBook()
    for number in range(MOST_KEPT + 5):
        book.hear(steplines.begin(number, "1:1", 1.0, 1, 1, "x"))
        book.hear(steplines.end(number, 2.0, "0:0", 0.0, 0.0, 0))
    assert (len(book.all(3.0)), book.dropped) == (MOST_KEPT, 5)


def test_lines_without_sense_are_left_out():
    book = StepBook()
    nonsense = "begin\nbegin x y\nend 7 to=1\ntask 0 1:1\n\nbegin 1 srun=1:1 from=nan tasks=1\n"
    assert not book.hear(nonsense + "begin 0 srun=-1:2 from=1 tasks=1 cores=1 name=x\n")
    assert steps.read_all(["", "0", "x from=1 tasks=1 cores=1 name=x"]) == ()


def test_a_name_stays_on_its_line():
    line = steplines.begin(0, "1:1", 1.0, 1, 1, "a\nb \u2028c" + "d" * 99)
    assert line.count("\n") == 1
    book = StepBook()
    book.hear(line)
    assert book.live[0].step.name.startswith("a?b ?cddd")

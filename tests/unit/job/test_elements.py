from tinysched.job import elements
from tinysched.job.model import Cancel, Elements, Outcome
from tinysched.job.ranges import Ranges

CANCEL = Cancel(by_uid=1, ordered_at=5.0, kill=False)


def test_an_array_is_as_bad_as_a_task_that_is_cancelled_before_its_next_attempt():
    work = Elements(todo=Ranges.span(1, 3), cancelled=Ranges(), ended=Ranges())
    never_ran = elements.withdrawn(work, Ranges.of([1]), Ranges(), CANCEL)
    assert (never_ran.worst, never_ran.cancelled) == (Outcome.COMPLETED, Ranges.of([1]))
    ran = elements.withdrawn(work, Ranges.of([1]), Ranges.of([1]), CANCEL)
    assert (ran.worst, ran.ended, ran.cancelled) == (Outcome.CANCELLED, Ranges.of([1]), Ranges())

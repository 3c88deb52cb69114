from hypothesis import given

from tests.spool.strategies import usages
from tinysched.job import usage
from tinysched.job.usage import UNKNOWN, Usage


@given(some=usages)
def test_what_a_run_took_comes_back_from_its_line(some):
    assert usage.read(usage.write(some)) == some


def test_what_makes_no_sense_is_not_known():
    assert usage.write(UNKNOWN) == ""
    words = "system_ms=-1 peak_memory_kib=x read_bytes=7 future=8 written_bytes read_bytes"
    assert usage.read(words) == Usage(read_bytes=7)

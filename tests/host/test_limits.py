"""Reading the kernel's list of limits."""

import os
import resource

from hypothesis import given
from hypothesis import strategies as st

from tinysched.host.limits import apply, chosen, parse, raise_soft_limits


def test_the_kernels_list_is_read_as_the_system_calls_tell_it():
    with open("/proc/self/limits", encoding="ascii") as file:
        limits = parse(file.read())
    assert len(limits) == 15
    assert limits == {number: resource.getrlimit(number) for number in limits}


@given(st.text())
def test_no_text_is_a_mistake(text):
    parse(text)


@given(st.text(alphabet="0123456789 -unlimited\t", max_size=30))
def test_a_damaged_line_is_left_out_and_the_next_one_read(damage):
    good = f"{'Max open files':26}5 6 files"
    assert parse(f"{'Max processes':26}{damage}\n{good}")[resource.RLIMIT_NOFILE] == (5, 6)


def test_limits_are_chosen_by_name_and_memory_is_one_of_its_own():
    with open("/proc/self/limits", encoding="ascii") as file:
        text = file.read()
    everything = parse(text)
    memory = {resource.RLIMIT_RSS: (100 * 2**20, 100 * 2**20)}
    assert parse(chosen(text, None, 0)) == everything
    assert parse(chosen(text, None, 100)) == everything | memory
    assert parse(chosen(text, ("NONE",), 100)) == memory
    files = {resource.RLIMIT_NOFILE: everything[resource.RLIMIT_NOFILE]}
    assert parse(chosen(text, ("NOFILE",), 0)) == files


def test_limits_that_cannot_be_set_are_passed_over():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    apply({resource.RLIMIT_NOFILE: (-7, -7), 9999: (1, 1)})
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_soft_limits_rise_to_the_hard_ones():
    reader, writer = os.pipe()
    if os.fork() == 0:
        resource.setrlimit(resource.RLIMIT_NOFILE, (10, 50))
        raise_soft_limits()
        os.write(writer, str(resource.getrlimit(resource.RLIMIT_NOFILE)).encode())
        os._exit(0)
    os.wait()
    os.close(writer)
    with open(reader, encoding="ascii") as pipe:
        assert pipe.read() == "(50, 50)"

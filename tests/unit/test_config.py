"""The configuration: what is accepted, what is said otherwise; conf/config.yaml is true."""

from __future__ import annotations

import math
import os
from dataclasses import fields
from pathlib import Path

import pytest
import yaml  # noqa: TID251 -- an independent reader and writer to compare with
from hypothesis import given
from hypothesis import strategies as st

from tinysched.config import Apart, Config, allowed_cores, allowed_memory_mib, load, parse, template
from tinysched.errors import ConfigError

REPOSITORY = Path(__file__).resolve().parents[2]


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, "/q/config.yaml")
    return caught.value.sentence


def answer(text: str) -> Config | str:
    try:
        return parse(text)
    except ConfigError as refused:
        return refused.sentence


def test_a_root_without_a_file_has_every_default(tmp_path: Path) -> None:
    assert load(str(tmp_path / "config.yaml"), {}) == Config()


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "\ufeff# mark\n"])
def test_an_empty_file_has_every_default(text: str) -> None:
    assert parse(text) == Config()


def test_keys_that_are_set_are_read_and_the_others_keep_their_default() -> None:
    config = parse("cpu_fraction: 0.5\ncpus: 512\nhosts: [alpha, beta.example]\nlog_level: DEBUG\n")
    assert config == Config(
        cpu_fraction=0.5, cpus=512, hosts=("alpha", "beta.example"), log_level="debug"
    )


def test_the_shipped_file_is_what_the_code_prints() -> None:
    shipped = (REPOSITORY / "conf" / "config.yaml").read_text()
    assert shipped == template(), "tinysched.config.template() prints it"


def test_the_shipped_file_names_every_key_and_sets_none() -> None:
    assert parse(template()) == Config()
    for key in fields(Config):
        assert template().count(f"\n#{key.name}: ") == 1


def test_the_shipped_file_with_every_key_set_means_the_defaults() -> None:
    lines = template().splitlines()
    live = [
        line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in lines
    ]
    assert set(yaml.safe_load("\n".join(live))) == {key.name for key in fields(Config)}
    assert parse("\n".join(live)) == Config()


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_key() -> None:
    assert refusal("\ncpus: 3\ncpu_fracton: 0.5\n") == (
        "cannot use /q/config.yaml line 3: there is no key 'cpu_fracton'; did you mean cpu_fraction"
    )
    assert "did you mean poll_interval" in refusal("POLL_INTERVAL: 5\n")
    assert "the keys are cpu_fraction, cpus" in refusal("zzz: 5\n")


@pytest.mark.parametrize(
    ("line", "shown", "accepted"),
    [
        ("cpu_fraction: 1.5", "'1.5'", "a number above 0, up to 1"),
        ("cpu_fraction: 0", "'0'", "a number above 0, up to 1"),
        ("cpu_fraction: .nan", "'.nan'", "a number above 0, up to 1"),
        ("cpu_fraction: 50%", "'50%'", "a number above 0, up to 1"),
        ("cpu_fraction: null", "'null'", "a number above 0, up to 1"),
        ("cpu_fraction: yes", "'yes'", "a number above 0, up to 1"),
        ("cpus: 0", "'0'", "cores, a whole number from 1 to 1000000"),
        ("cpus: 2.0", "'2.0'", "a whole number"),
        ("cpus: '2'", "'2'", "a whole number"),
        ("kill_wait_s: -1", "'-1'", "seconds, 0 to 86400"),
        ("kill_wait_s: .inf", "'.inf'", "seconds, 0 to 86400"),
        ("kill_wait_s: 2026-99-99", "'2026-99-99'", "seconds"),
        ("kill_wait_s: !!python/object:os.system x", "'x'", "seconds"),
        ("cluster_name: a b", "'a b'", "letters, digits"),
        ("cluster_name: $(id)", "'$(id)'", "letters, digits"),
        ('cluster_name: "a\\n"', "'a\\n'", "letters, digits"),
        ("log_level: loud", "'loud'", "debug | info | warning | error"),
        ("hosts: alpha", "'alpha'", "a list of host names"),
        ("hosts: [a, [b]]", "'a list or mapping'", "a list of host names"),
        ("hosts: {a: b}", "'a list or mapping'", "a list of host names"),
        ("max_array_size: 99999999999999999999", "'99999999999999999999'", "a whole number"),
    ],
)
def test_a_bad_value_is_named_with_its_key_its_line_and_what_is_accepted(
    line: str, shown: str, accepted: str
) -> None:
    sentence = refusal(f"# first\n{line}\n")
    key = line.split(":")[0]
    assert sentence.startswith(f"cannot use /q/config.yaml line 2: {key} is {shown}: expected ")
    assert accepted in sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cpus: 1\ncpus: 2\n", "line 2: cpus is set twice"),
        ("- cpus\n", "line 1: expected lines of the form 'key: value'"),
        ("cpus\n", "line 1: expected lines of the form 'key: value'"),
        ("cpus: [1\n", "line 2: "),
        ("cpus: 1\n\thosts: x\n", "line 2: "),
        ("cpus: 1\n---\ncpus: 2\n", "line 2: "),
        ("cpus: *nowhere\n", "line 1: "),
        ("hosts: &a [*a]\n", "line 1: "),
        ("? [a]\n: 1\n", "line 1: there is no key '?'"),
        ("cpus: \x00\n", "cannot read /q/config.yaml"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_with_its_line(text: str, words: str) -> None:
    assert words in refusal(text)


def test_deep_nesting_is_refused_and_does_not_crash() -> None:
    assert "cannot" in refusal("hosts: " + "[" * 20_000)


def test_an_alias_bomb_costs_nothing() -> None:
    lines = ["hosts: [&a0 x]"]
    lines += [f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "line 2: there is no key 'k1'" in refusal("\n".join(lines))


@pytest.mark.parametrize("make", ["directory", "fifo", "device", "huge", "binary"])
def test_a_file_that_is_not_plain_text_is_refused_at_once(tmp_path: Path, make: str) -> None:
    path = tmp_path / "config.yaml"
    if make == "directory":
        path.mkdir()
    elif make == "fifo":
        os.mkfifo(path)
    elif make == "device":
        path.symlink_to("/dev/zero")
    elif make == "huge":
        path.write_text("# filler\n" * 40_000)
    else:
        path.write_bytes(b"cpus: 1\n\xff\xfe\n")
    with pytest.raises(ConfigError) as caught:
        load(str(path), {})
    assert caught.value.sentence.startswith(f"cannot read {path}")
    if make == "binary":
        assert "line 2" in caught.value.sentence


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("purge_age_days: 3\npurge_keep_last: 5\npurge_interval_s: 60\n")
    variables = {
        "TJS_PURGE_AGE_DAYS": "14",
        "TJS_PURGE_KEEP_LAST": "200",
        "TJS_PURGE_INTERVAL_SEC": "",
    }
    config = load(str(path), variables)
    assert (config.purge_age_days, config.purge_keep_last) == (14.0, 200)
    assert config.purge_interval_s == 60.0


@pytest.mark.parametrize("value", ["x", "-1", "nan", "1e400", "9" * 30, "1.5"])
def test_a_bad_variable_is_named(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot use TJS_PURGE_KEEP_LAST=.*: expected jobs"):
        load(str(tmp_path / "none"), {"TJS_PURGE_KEEP_LAST": value})


@pytest.mark.parametrize(
    ("fraction", "machine", "cores"),
    [
        (1.0, 8, 8),
        (0.5, 8, 4),
        (0.5, 7, 3),
        (0.01, 8, 1),
        (0.29, 100, 29),
        (0.7, 10, 7),
        (1.0, 1, 1),
    ],
)
def test_a_fraction_of_the_cores_is_rounded_down_but_never_to_nothing(
    fraction: float, machine: int, cores: int
) -> None:
    assert allowed_cores(Config(cpu_fraction=fraction), machine) == cores


def test_cores_and_memory_set_outright_may_be_more_than_the_machine_has() -> None:
    config = Config(cpu_fraction=0.5, cpus=512, memory_mib=10**6)
    assert allowed_cores(config, 4) == 512
    assert allowed_memory_mib(config, 2048) == 10**6
    assert allowed_memory_mib(Config(), 2048) == 2048


@given(st.integers(1, 999), st.integers(1, 4096))
def test_a_fraction_never_gives_more_than_its_part(thousandths: int, machine: int) -> None:
    cores = allowed_cores(Config(cpu_fraction=thousandths / 1000), machine)
    assert cores == max(1, thousandths * machine // 1000)


@given(st.text())
def test_any_text_is_a_configuration_or_a_refusal_in_words(text: str) -> None:
    said = answer(text)
    assert isinstance(said, Config) or said.startswith("cannot ")


@given(st.sampled_from([key.name for key in fields(Config)]), st.text(max_size=20))
def test_any_value_of_a_key_is_read_or_refused_in_words(key: str, text: str) -> None:
    said = answer(f"{key}: {text}\n")
    value = getattr(said, key) if isinstance(said, Config) else None
    assert isinstance(said, Config) or said.startswith("cannot ")
    assert not isinstance(value, float) or math.isfinite(value)


@given(
    st.builds(
        dict,
        cpu_fraction=st.floats(0.001, 1.0),
        cpus=st.none() | st.integers(1, 10**6),
        kill_wait_s=st.floats(0, 86400),
        hosts=st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)),
        purge_keep_last=st.none() | st.integers(0, 10**9),
    )
)
def test_what_yaml_writes_is_read_back(values: dict[str, object]) -> None:
    config = parse(yaml.safe_dump(values))
    values["hosts"] = tuple(values["hosts"])  # type: ignore[arg-type]  # the strategy makes a list
    assert {key: getattr(config, key) for key in values} == values


@pytest.mark.parametrize(
    "text",
    [
        "", "cpus: 3\nhosts: [a, b]\npartitions: {night: {default: yes, max_time_s: 60}}\n",
        "cpus: 2026-01-02\n", "cpus: 1\ncpus: 2\n", "cpus: [\n", "cpus: !!binary aGk=\n",
        "[1]: 2\n",
    ],
)  # fmt: skip
def test_what_a_child_read_is_the_same(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    read = [outcome(path, None), outcome(path, lambda work: work())]
    assert read[0] == read[1]


def test_a_child_that_dies_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("cpus: 3\n")
    assert outcome(path, lambda _work: b"") == f"cannot read {path}: its reader died"


def outcome(path: Path, apart: Apart | None) -> Config | str:
    try:
        return load(str(path), {}, apart)
    except ConfigError as error:
        return error.sentence

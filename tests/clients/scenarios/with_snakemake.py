"""snakemake with its slurm executor: rules as jobs, what they ask for, how they fail and stop."""

import csv
import signal
import subprocess
from pathlib import Path

from stage import HERE, PARTITION, USER, same, shell, tool, until

_RULES = """
shell.executable("/bin/bash")

rule letters:
    output: "{name}.letters"
    resources: mem_mb=120, runtime=4
    shell: "echo {wildcards.name} | fold -w 1 > {output}"

rule count:
    input: "{name}.letters"
    output: "{name}.count"
    threads: 2
    resources: mem_mb_per_cpu=100
    shell: "wc -l < {input} > {output}; echo $SLURM_CPUS_PER_TASK of {threads} >> {output}"

rule total:
    input: "salmon.count", "cod.count"
    output: "total"
    run:
        numbers = [int(open(path).readline()) for path in input]
        with open(output[0], "w") as file:
            file.write(str(sum(numbers)))

rule broken:
    output: "broken"
    shell: "echo it breaks >&2; exit 4"

rule independent:
    output: "independent"
    shell: "touch {output}"

rule long:
    output: "long"
    shell: "sleep 250; touch {output}"

rule element:
    output: "element.{number}"
    shell: "echo $SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID > {output}"
"""


def _words(*targets: str) -> list[str]:
    (HERE / "Snakefile").write_text(_RULES)
    pace = (
        "--slurm-init-seconds-before-status-checks",
        "2",
        "--seconds-between-status-checks",
        "2",
    )
    resources = ("mem_mb=100", "runtime=5", f"slurm_partition={PARTITION}")
    usual = ("--executor", "slurm", "-j", "5", *pace, "--default-resources", *resources)
    return [tool("snakemake"), *targets, *usual]


def _makes(*targets: str, code: int = 0) -> str:
    done = subprocess.run(
        _words(*targets), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def it_makes_files_by_rules_and_reports_on_them():
    _makes("total", "--slurm-efficiency-report", "--slurm-efficiency-report-path", str(HERE))
    same(Path("total").read_text(), "9")
    same(Path("cod.count").read_text().split("\n"), ["3", "2 of 2", ""])
    (report,) = HERE.rglob("efficiency_report*.csv")
    with report.open() as file:
        rules = sorted(row["RuleName"].split("_")[1] for row in csv.DictReader(file))
    same(rules, ["count", "count", "letters", "letters", "total"])


def it_tells_which_rule_failed_and_makes_the_others():
    told = _makes("broken", "independent", "--keep-going", code=1)
    assert "SLURM status is: 'FAILED'" in told, told
    assert Path("independent").exists()
    assert not Path("broken").exists()


def it_asks_squeue_where_it_is_told_to():
    _makes("herring.letters", "--slurm-status-command", "squeue")
    same(Path("herring.letters").read_text().split(), list("herring"))


def it_submits_equal_jobs_as_an_array():
    _makes("element.1", "element.2", "--slurm-array-jobs", "element")
    (first, one), (second, two) = (Path(f"element.{n}").read_text().split() for n in (1, 2))
    same(first, second)
    same({one, two}, {"1", "2"})


def it_cancels_its_jobs_when_it_is_interrupted():
    def listed() -> str:
        return shell("squeue", "-h", "-u", USER, "-t", "PD,R", "-o", "%k %T")

    with subprocess.Popen(
        _words("long"), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as it:
        until(lambda: "rule_long RUNNING" in listed(), "the job runs")
        it.send_signal(signal.SIGINT)
        assert it.wait(90) != 0
    until(lambda: "rule_long" not in listed(), "its job has ended", 45)
    assert not Path("long").exists()

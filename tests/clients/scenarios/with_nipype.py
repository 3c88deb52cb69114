"""nipype: nodes of a workflow as jobs, one by one and as a whole graph."""

import os
from pathlib import Path

os.environ["NIPYPE_NO_ET"] = "1"

import nipype.pipeline.engine as pe
from nipype import Function, config
from stage import HERE, PARTITION, same, until

_WORDS = {
    "sbatch_args": f"--mem=300M --time=5 -p {PARTITION}",
    "template": f"#!/bin/bash\nexport PATH={os.environ['PATH']}\n",
}


def _split(text):
    return text.split()


def _longest(word, rest, path):
    import os

    with open(path, "a") as file:
        file.write(f"{max([word, *rest], key=len)} {os.environ['SLURM_JOB_NAME']}\n")


def _fails(text):
    raise RuntimeError(f"cannot read {text}")


def _workflow(name: str) -> pe.Workflow:
    told = {"poll_sleep_duration": "1", "crashdump_dir": str(HERE), "check_version": "false"}
    config.update_config({"execution": told, "logging": {"workflow_level": "WARNING"}})
    return pe.Workflow(name, base_dir=str(HERE))


def _reads(name: str) -> pe.Workflow:
    workflow = _workflow(name)
    split = pe.Node(Function(["text"], ["words"], _split), name="split")
    split.inputs.text = "a heron waits"
    longest = pe.Node(Function(["word", "rest", "path"], [], _longest), name="longest")
    longest.inputs.word = "grasshopper"
    longest.inputs.path = str(HERE / name)
    longest.inputs.path += ".txt"
    workflow.connect(split, "words", longest, "rest")
    return workflow


def it_runs_nodes_as_jobs():
    _reads("nodes").run(plugin="SLURM", plugin_args=_WORDS)
    word, name = Path("nodes.txt").read_text().split()
    same(word, "grasshopper")
    assert name.startswith("longest.nodes."), name


def it_submits_a_graph_whose_jobs_wait_for_each_other():
    _reads("graph").run(plugin="SLURMGraph", plugin_args=_WORDS)
    until(Path("graph.txt").exists, "the last job has run")
    same(Path("graph.txt").read_text().split()[0], "grasshopper")


def it_tells_of_a_node_that_failed():
    workflow = _workflow("crash")
    node = pe.Node(Function(["text"], [], _fails), name="fails")
    node.inputs.text = "ink"
    workflow.add_nodes([node])
    try:
        workflow.run(plugin="SLURM", plugin_args=_WORDS)
    except RuntimeError as error:
        assert "crash" in str(error) or "fails" in str(error), error
    assert list(HERE.glob("crash-*"))

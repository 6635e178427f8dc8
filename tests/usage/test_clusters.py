"""docs/distribution.md: what its files hand to the zoo on each machine, and that they are well
formed."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from kubeflow_trainer_api.models.jobset_v1alpha2_job_set import JobsetV1alpha2JobSet

from tests import ROOT
from zoo.training import distribution

DOCS = ROOT / "docs"


@pytest.fixture
def stubs(tmp_path):
    """A folder of programs: `python` prints TF_CONFIG and its words, `srun` runs two tasks, and
    `scontrol` knows two hosts."""
    programs = {
        "python": 'echo "$TF_CONFIG $*"',
        "srun": 'shift; for i in 0 1; do SLURM_PROCID=$i "$@" || s=$?; done; exit ${s:-$STATUS}',
        "scontrol": 'if [ "$1" = show ]; then printf "host0\\nhost1\\n"; else echo "$*"; fi',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "STATUS": "0"}


def workers_of(line, index, monkeypatch):
    """The addresses that the zoo reads off a line that the stub printed."""
    config, rest = line.split("} -m zoo.train ")
    monkeypatch.setenv("TF_CONFIG", config + "}")
    assert json.loads(config + "}")["task"] == {"type": "worker", "index": index}
    assert rest.startswith("--model=dcgan --dataset=mnist --run=/")
    return distribution._workers_named()


def test_the_example_of_two_machines(monkeypatch):
    text = (DOCS / "distribution.md").read_text()
    found = re.findall(r"export TF_CONFIG='(.*)'\npython (-m zoo\.train .*)\n", text)
    assert len(found) == 2
    assert found[0][1] == found[1][1]
    for index, (config, words) in enumerate(found):
        named = workers_of(f"{config} {words}", index, monkeypatch)
        assert named == ["host0:2222", "host1:2222"]


def test_the_jobset_keeps_to_the_schema():
    jobset = yaml.safe_load((DOCS / "jobset.yaml").read_text())
    # The classes are generated from JobSet's and Kubernetes' own OpenAPI; a field that they do not
    # know, they leave out.
    assert JobsetV1alpha2JobSet.from_dict(jobset).to_dict() == jobset


def test_the_jobset(stubs, monkeypatch):
    jobset = yaml.safe_load((DOCS / "jobset.yaml").read_text())
    assert jobset["apiVersion"] == "jobset.x-k8s.io/v1alpha2"
    assert jobset["kind"] == "JobSet"
    assert jobset["spec"].keys() == {"failurePolicy", "replicatedJobs"}
    assert jobset["spec"]["failurePolicy"]["maxRestarts"] > 0
    (job,) = jobset["spec"]["replicatedJobs"]
    assert job.keys() == {"name", "replicas", "template"}
    spec = job["template"]["spec"]
    assert spec["parallelism"] == spec["completions"] == 2
    assert spec["completionMode"] == "Indexed"  # gives each pod its index, and its host's name
    assert spec["backoffLimit"] == 0
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    (container,) = pod["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }
    name = f"{jobset['metadata']['name']}-{job['name']}-0"
    hosts = [f"{name}-{index}.{jobset['metadata']['name']}:2222" for index in range(2)]
    for index in range(2):
        done = subprocess.run(
            container["command"], env={**stubs, "JOB_COMPLETION_INDEX": str(index)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert workers_of(done.stdout, index, monkeypatch) == hosts


def test_the_slurm_script(stubs, monkeypatch):
    shellcheck = shutil.which("shellcheck", path=os.path.dirname(sys.executable))
    done = subprocess.run([shellcheck, DOCS / "train.sbatch"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    words = ["--model=dcgan", "--dataset=mnist", "--run=/shared/my runs/a"]
    job = {**stubs, "SLURM_JOB_NODELIST": "host[0-1]", "SLURM_JOB_ID": "7"}
    for status, requeued in ((0, []), (1, []), (143, ["requeue 7"])):
        done = subprocess.run(
            ["bash", DOCS / "train.sbatch", *words], env={**job, "STATUS": str(status)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        lines = done.stdout.splitlines()
        assert lines[2:] == requeued
        for index, line in enumerate(lines[:2]):
            named = workers_of(line, index, monkeypatch)
            assert named == ["host0:2222", "host1:2222"]
            assert line.endswith("--run=/shared/my runs/a")

#!/usr/bin/env bash
# A wheel, installed alone in an empty environment, draws from a preset, trains, samples and exports.
#
#     tests/wheel_check.sh PYTHON     (that has build and hatchling: make wheel-check)
#
# The environment is a new one in a temporary folder: the wheel and what it declares, at the versions
# of requirements.lock, none of its extras, and nothing of this checkout on any path.
set -euo pipefail
python=$(realpath --no-symlinks "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset PYTHONPATH

"$python" -m build --no-isolation --outdir "$work/dist" "$root" # the wheel from the sdist
wheel=$(ls "$work"/dist/*.whl)
if tar --list --file "$work"/dist/*.tar.gz | grep "^[^/]*/exports/"; then
    echo "the sdist holds released exports, which are larger than all of it"
    exit 1
fi

cd "$work"
"$python" -m venv venv
venv/bin/pip install --quiet --constraint "$root/requirements.lock" "$wheel"
PATH="$work/venv/bin:$PATH"

python - "$root" "$wheel" <<'END'
import importlib.metadata, importlib.util, pathlib, subprocess, sys, zipfile

root, wheel = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
names = set(zipfile.ZipFile(wheel).namelist())
kept = subprocess.run(["git", "ls-files", "zoo"], cwd=root, capture_output=True, text=True, check=True)
missing = [name for name in kept.stdout.split() if name not in names]
assert not missing, f"the wheel lacks {missing}"
others = [name for name in names if not name.startswith(("zoo/", "generative_zoo-"))]
assert not others, f"the wheel would install {others}"
licenses = [name for name in names if name.endswith("/licenses/LICENSE")]
assert len(licenses) == 1, "the wheel has no LICENSE"
import zoo

assert pathlib.Path(zoo.__file__).is_relative_to(sys.prefix), zoo.__file__
assert importlib.util.find_spec("tensorflow_serving") is None, "an extra is installed"
assert importlib.metadata.version("generative-zoo") == zoo.__version__ == wheel.name.split("-")[1]
print(f"{wheel.name}: {len(names)} files, LICENSE among them, {wheel.stat().st_size / 1e3:.0f} kB")
END

# A picture within seconds, and no network: none for Python, and where the system permits none at all.
offline=()
unshare --map-root-user --net true 2>/dev/null && offline=(unshare --map-root-user --net)
"${offline[@]}" python - <<'END'
import os, sys, time

def refuse(event, _):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise OSError(f"{event}: the check is offline")

sys.addaudithook(refuse)
os.environ.update(TF_CPP_MIN_LOG_LEVEL="2", TF_ENABLE_ONEDNN_OPTS="1")
times = [time.perf_counter()]
import tensorflow

times.append(time.perf_counter())
import zoo

pictures = zoo.load("vae_digits").sample(16)
times.append(time.perf_counter())
assert pictures.shape == (16, 8, 8, 1) and 0.1 < pictures.std() < 0.6, pictures.std()
alone, ours = (after - before for before, after in zip(times, times[1:]))
print(f"a preset's first 16 pictures {ours:.1f} s after TensorFlow's own import of {alone:.1f} s")
assert ours < 3 * max(alone, 5), "which is far more than the 3 s that it should take"
END

zoo-list
zoo-train --run=runs/gan --model=gan --steps=100 --every=50
zoo-sample --run=runs/gan --num=16 --out=run.npy
zoo-export --run=runs/gan --out=exports/gan
test -s exports/gan/1/assets.extra/tf_serving_warmup_requests
zoo-sample --run=exports/gan --num=16 --out=export.npy
zoo-evaluate --samples=run.npy --against=digits --metrics=frechet --num=16
zoo-diagnose --help >/dev/null
python - <<'END'
import numpy as np

difference = np.abs(np.load("run.npy") - np.load("export.npy")).max()
assert difference <= 1e-5, f"the export's pictures differ from the run's by {difference}"
print(f"the wheel trains, samples and exports; run and export differ by {difference:.1e}")
END

"""What a stranger can reach, tried with what nobody would write; only stated errors may come out.

    python -m tests.reliability.fuzzing --minutes=15

`test_fuzzing.py` runs the same for some seconds.  A target takes what hypothesis makes up and
raises anything but `UserError` where the zoo would have shown a traceback.
"""

import argparse
import contextlib
import copy
import io
import json
import os
import pathlib
import shutil
import tempfile
import time

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

import zoo
from tests.prepared import prepare
from zoo import registry
from zoo.config import UserError, describe, override
from zoo.data import load
from zoo.data.spec import DataOptions
from zoo.exporting import publish

# Sizes stay small: that a layer of 10**9 units fits into no memory is known.
NUMBERS = st.integers(-3, 300) | st.floats(allow_nan=True) | st.sampled_from([2**31, 1e308])
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@contextlib.contextmanager
def only_user_errors():
    """Lets a `UserError` pass: a sentence for the user is what is promised."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(UserError):
        yield


def mutated(data, base):
    """Draws `base`, a JSON value, with some of its parts replaced or taken away."""
    found = copy.deepcopy(base)
    for _ in range(data.draw(st.integers(1, 3))):
        place, parent, key = found, None, None
        while isinstance(place, dict | list) and place and (parent is None or data.draw(_MORE)):
            parent = place
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            key = data.draw(st.sampled_from(list(keys)))
            place = parent[key]
        if parent is None:
            return data.draw(VALUES)
        if isinstance(parent, dict) and data.draw(st.integers(0, 4)) == 0:
            del parent[key]
        else:
            parent[key] = data.draw(VALUES)
    return found


_MORE = st.integers(0, 3).map(bool)


def overrides(data, **_):
    """`--config.KEY=VALUE` and `--data.KEY=VALUE` of every model."""
    name = data.draw(st.sampled_from(zoo.names()))
    config = registry.module(name).Config
    keys = [line.split(" ")[0] for line in describe(config)]
    words = st.dictionaries(
        st.sampled_from(keys) | st.text(max_size=6), st.text(max_size=12) | VALUES, max_size=3
    )
    with only_user_errors():
        override(config(), data.draw(words))
    with only_user_errors():
        registry.data_options(name, data.draw(words))


def run_json(data, run, scratch, **_):
    """A run's facts, changed; and then bytes that are none."""
    path = scratch / "run"
    if not path.exists():
        shutil.copytree(run, path)
    facts = mutated(data, json.loads((run / "run.json").read_text()))
    content = json.dumps(facts).encode()
    if data.draw(st.integers(0, 9)) == 0:
        content = data.draw(st.binary(max_size=64)) + content[: data.draw(st.integers(0, 400))]
    (path / "run.json").write_bytes(content)
    with only_user_errors():
        assert np.isfinite(zoo.load(path).sample(2)).all()


def manifest(data, export, scratch, **_):
    """An export's manifest, changed, with and without a hash of its own that fits."""
    path = scratch / "export"
    if not path.exists():
        shutil.copytree(publish.newest_version(export), path)
    facts = mutated(data, json.loads((path / publish.MANIFEST).read_text()))
    original = (path / publish.MANIFEST).read_bytes()
    if isinstance(facts, dict) and data.draw(st.booleans()):
        facts.pop("sha256_of_this_file_without_this_line", None)
        facts["sha256_of_this_file_without_this_line"] = publish._own_hash(facts)
    (path / publish.MANIFEST).write_text(json.dumps(facts))
    try:
        with only_user_errors():
            publish.check_manifest(path)
    finally:
        (path / publish.MANIFEST).write_bytes(original)


def picture_folder(data, scratch, **_):
    """Files that are called pictures: true ones, cut ones, and bytes."""
    path = scratch / "pictures"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    layouts = [["", "a/"], ["a/", "A/"], ["train/", "test/"], ["train/", "val/", "@eaDir/"]]
    tops = data.draw(st.sampled_from([*layouts, ["\udce9t\udce9/", "a/"]]))
    for number in range(data.draw(st.integers(0, 6))):
        kinds = ["PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM", "QOI", "AVIF", "JPEG2000", "TGA"]
        kind = data.draw(st.sampled_from(kinds))
        mode = data.draw(st.sampled_from(["1", "L", "RGB", "RGBA", "P", "I;16", "F"]))
        size = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
        stored = io.BytesIO()
        with contextlib.suppress(OSError, KeyError, ValueError, TypeError):  # not every mode
            Image.new(mode, size, data.draw(st.sampled_from([0, 1, 1023]))).save(stored, kind)
        content = bytearray(stored.getvalue())
        for _ in range(data.draw(st.sampled_from([0, 0, 1, 3]))):
            if content:
                content[data.draw(st.integers(0, len(content) - 1))] = data.draw(
                    st.integers(0, 255)
                )
        name = data.draw(st.sampled_from(tops)) + data.draw(st.sampled_from(["", "", "c/", "C/"]))
        name += f"{number}." + data.draw(st.sampled_from([kind.lower(), "png", "heic", "tif"]))
        (path / name).parent.mkdir(exist_ok=True, parents=True)
        (path / name).write_bytes(content[: data.draw(st.sampled_from([9999, 9999, 100]))])
    words = {"image_size": data.draw(st.sampled_from([0, 4, 4]))}
    words |= {"condition": data.draw(st.sampled_from(["none", "none", "label", "name"]))}
    with only_user_errors():
        found = load(f"folder:{path}", override(DataOptions(), words))
        assert all(len(images) for images, _ in found.splits.values())
        x, y, _ = found.examples("train")
        assert x.shape[1:] == found.spec.shape
        assert y is None or (y.sum(axis=1) >= 1).all()
        json.dumps(found.spec.names).encode()


def features(data, scratch, **_):
    """Data sets of TFDS: any dtype, rank and channels of the picture, any labels, any names."""
    import tensorflow_datasets as tfds

    kinds = tfds.features
    side = st.sampled_from([1, 2, 3, 3, 1, 3, 4, 13, 0])
    channels = st.sampled_from([1, 3, 1, 3, 2, 4, 13])

    def tensor():
        dtype = np.dtype(data.draw(st.sampled_from(
            ["u1", "u2", "u4", "u8", "i1", "i4", "i8", "f2", "f4", "f8", "?"])))  # fmt: skip
        shape = data.draw(
            st.tuples(side, side) | st.tuples(side, side, channels) | st.lists(side, max_size=4)
        )
        shape = tuple(shape)
        value = np.full(shape, data.draw(st.sampled_from([0, 0.5, 1])), dtype)
        if value.size and data.draw(st.booleans()):
            with np.errstate(all="ignore"):
                value.flat[0] = data.draw(st.sampled_from([-1, 2, 255, 65535, np.nan, np.inf]
                                          if dtype.kind == "f" else [0, 1]))  # fmt: skip
        loose = tuple(None if data.draw(st.integers(0, 4)) == 0 else one for one in shape)
        if loose.count(None) > 1 or (len(shape) < 2 and None in loose):
            loose = shape
        encoding = data.draw(st.sampled_from(["none", "none", "bytes", "zlib"]))
        return kinds.Tensor(shape=loose, dtype=dtype, encoding=encoding), value

    def image():
        dtype = data.draw(st.sampled_from([np.uint8, np.uint8, np.uint16, np.float32]))
        count = data.draw(st.sampled_from([1] if dtype == np.float32 else [1, 2, 3, 4]))
        shape = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4)), count
        known = data.draw(st.booleans())
        value = np.full(shape, data.draw(st.integers(0, 2)), dtype)
        return kinds.Image(shape=shape if known else (None, None, count), dtype=dtype), value

    def other():
        video = kinds.Video(shape=(None, 2, 2, 3)), np.zeros((2, 2, 2, 3), np.uint8)
        several = kinds.Sequence(kinds.Image(shape=(1, 1, 3))), [np.zeros((1, 1, 3), np.uint8)]
        objects = kinds.Sequence({"image": kinds.Image(shape=(1, 1, 3))}), []
        mask = kinds.LabeledImage(labels=3, shape=(1, 1, 1)), np.ones((1, 1, 1), np.uint8)
        return data.draw(st.sampled_from([video, several, objects, mask, (kinds.Text(), "a")]))

    def labels():
        names = st.sampled_from([["a"], ["a", "b"], ["Cat", "cat"], ["", " "], ["é", "\n"]])
        one = kinds.ClassLabel(names=data.draw(names))
        label = data.draw(st.sampled_from([-1, 0, 0, 0]))
        if data.draw(st.integers(0, 3)) == 0:
            return kinds.Sequence(one), [0] * data.draw(st.integers(0, 2))
        return one, label

    makers = {"image": [tensor, image, tensor, image, other], "label": [labels, labels, tensor]}
    spec, example = {}, {}
    keys = st.lists(
        st.sampled_from(["label", "a", "a/b", "image/a", "Bild"]), unique=True, max_size=3
    )
    for key in [*["image"] * data.draw(st.sampled_from([1, 1, 1, 0])), *data.draw(keys)]:
        make = data.draw(st.sampled_from(makers.get(key, [tensor, image, other, labels])))
        spec[key], example[key] = make()
        if data.draw(st.integers(0, 7)) == 0:
            spec[key], example[key] = {"in": spec[key]}, {"in": example[key]}
    path = scratch / "prepared"
    shutil.rmtree(path, ignore_errors=True)
    splits = data.draw(
        st.sampled_from([["train", "test"], ["train", "test"], ["train"], ["every"]])
    )
    try:
        prepare(path, spec, {split: [example] * 3 for split in splits})
    except Exception:  # not every value fits every feature, and TFDS says so
        return
    words = st.fixed_dictionaries({}, optional={
        "image_size": st.sampled_from([0, 2]), "holdout": st.integers(0, 2),
        "feature": st.sampled_from(["", "", *spec, "image/in", "x"]),
        "condition": st.sampled_from(["label", "name", "image"]),
        "target": st.sampled_from(["image", "name"]),
        "binarize": st.sampled_from(["static", "threshold"]),
    })  # fmt: skip
    before = os.environ.get("TFDS_DATA_DIR")
    os.environ["TFDS_DATA_DIR"] = str(path)
    try:
        with only_user_errors():
            found = load("odd", override(DataOptions(), data.draw(words)))
            x, y, _ = found.examples("train")
            assert len(x)
            assert x.min() >= 0
            assert x.max() <= 1
            assert y is None or found.options.condition == "image" or (y.sum(axis=1) >= 1).all()
    finally:
        os.environ.pop("TFDS_DATA_DIR")
        if before is not None:
            os.environ["TFDS_DATA_DIR"] = before


# A number of samples that no memory holds is known to fail.
_NOT_HUGE = SCALARS.filter(lambda value: not isinstance(value, int) or value < 1000)


def samples(data, samplers, **_):
    """Latents, numbers, seeds and conditions of a run and of an export."""
    sampler = data.draw(st.sampled_from(samplers))
    shape = data.draw(st.lists(st.integers(0, 5), max_size=3))
    if shape and data.draw(st.integers(0, 3)):  # once: a CGAN's of three sides is 33 GiB
        shape[-1] = sampler.latent
    latents = st.sampled_from([np.float32, np.float64, np.int64, str, object, bool]).map(
        lambda kind: np.zeros(shape, kind)
    )
    condition = st.none() | SCALARS | st.lists(SCALARS, max_size=4) | latents
    number = st.integers(-2, 5) | st.integers() | SCALARS
    with only_user_errors():
        found = sampler.generate(data.draw(latents | VALUES), data.draw(condition))
        assert found.dtype == np.float32
    with only_user_errors():
        found = sampler.sample(
            data.draw(st.integers(-2, 5) | _NOT_HUGE), data.draw(number), data.draw(condition)
        )
        assert np.isfinite(found).all()


TARGETS = {
    "overrides": 60, "run_json": 40, "manifest": 40, "picture_folder": 60, "features": 60,
    "samples": 60,
}  # fmt: skip


def run(target, examples, seconds=None, **places):
    """Tries a target with so many examples, or again and again for so many seconds; returns how
    many it had."""
    begun, count = time.monotonic(), 0

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=seconds is None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # making a failure smaller may take minutes
    )  # fmt: skip
    @given(st.data())
    def check(data):
        nonlocal count
        count += 1
        globals()[target](data, **places)

    check()
    while seconds and time.monotonic() < begun + seconds:
        check()
    return count


def main():

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, required=True)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        places = prepared(scratch, _trained)
        for target in TARGETS:
            count = run(target, 50, minutes * 60 / len(TARGETS), scratch=scratch, **places)
            print(f"{target}: {count:,} examples, and only stated errors", flush=True)


def prepared(scratch, trained):
    """What the targets take: runs by ``trained(model)``, the export of one, and samplers."""
    from zoo.export import export

    run = trained("vae")
    version = export(run, str(scratch / "exported"))
    samplers = [zoo.load(trained("cgan")), zoo.load(version)]
    return {"run": run, "export": scratch / "exported", "samplers": samplers}


def _trained(model):
    from zoo.runs import fit

    path = pathlib.Path(tempfile.mkdtemp()) / model
    config = override(registry.module(model).Config(), {"latent": 3, "batch_size": 50})
    asked = fit.Request(model, "digits", config, registry.data_options(model), 2, path)
    fit.fit(asked)
    return path


if __name__ == "__main__":
    main()

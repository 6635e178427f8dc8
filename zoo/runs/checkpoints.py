"""The checkpoints of a run: made beside, named when they are whole, known when they are damaged.

A checkpoint is TensorFlow's pair ``step-N.data-…`` and ``step-N.index`` and, written last, the
hashes of both, ``step-N.sha256``: ``sha256sum -c`` there says what `restore` finds.  Which is the
newest is read off the names.  TensorFlow's own list, the file ``checkpoint``, is written for its
tools and never read here; there are no times and no absolute paths in it.
"""

import contextlib
import copy
import hashlib
import os
import pathlib
import re
import shutil

import tensorflow as tf

from zoo.config import UserError
from zoo.files import write_whole

KEEP = 3
_NAME = re.compile(r"step-(\d+)\.(index|sha256|data-\d+-of-\d+)")


class Checkpoints:
    """The newest checkpoints of a model in a folder.

    Args:
        folder: where they are.
        model: a `GenerativeModel`.
    """

    def __init__(self, folder, model):
        self._folder = pathlib.Path(folder)
        self._checkpoint = tf.train.Checkpoint(model=model)
        # `Checkpoint.restore` looks for the counter that only `Checkpoint.save` would make.
        self._checkpoint.save_counter  # noqa: B018
        self._damaged = set()

    def of(self, run):
        """Returns the checkpoints of the same model in the run directory `run`."""
        folder = pathlib.Path(run) / self._folder.name
        if folder == self._folder:
            return self
        other = copy.copy(self)
        other._folder, other._damaged = folder, set()
        return other

    def steps(self):
        """Returns the steps of which there is a checkpoint, in order; some may be damaged."""
        found = (_NAME.fullmatch(path.name) for path in self._folder.glob("step-*"))
        return sorted({int(match[1]) for match in found if match and match[2] == "index"})

    def save(self, step):
        """Writes the checkpoint of `step`, then drops what is older than the newest three.

        Until the new one is whole nothing of the others is touched; where it fails, what there is
        of it is taken away, so that a full disk is no fuller than before.

        Raises:
            OSError, tf.errors.OpError: a file cannot be written.
        """
        staging = self._folder / ".part"
        shutil.rmtree(staging, ignore_errors=True)
        for left in self._folder.glob(".*.part"):  # by a kill
            left.unlink()
        try:
            self._checkpoint.write(str(staging / f"step-{step}"))
            self._publish(staging, step)
        except BaseException:
            with contextlib.suppress(OSError):
                self._drop(lambda number: number == step)
            raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        self._prune(step)
        self._write_list()

    def restore(self):
        """Restores the newest checkpoint that is whole, and prints which ones are not.

        Returns:
            Its step, or None where there is no checkpoint.

        Raises:
            UserError: none is whole, or it holds other weights than the model has.
        """
        for step in reversed(self.steps()):
            damage = self._damage(step) or self._read(step)
            if not damage:
                return step
            self._damaged.add(step)
            print(f"the checkpoint of step {step} is damaged and left out: {damage}")
        if self._damaged:
            raise UserError(
                f"no checkpoint in {str(self._folder)!r} is whole: put a copy back, or train "
                "another --run."
            )
        return None

    def _read(self, step):
        """Reads a checkpoint into the model; returns what is wrong with its files, or None."""
        path = str(self._folder / f"step-{step}")
        try:
            self._checkpoint.restore(path).assert_consumed()
        except tf.errors.OpError as error:
            return error.message.splitlines()[0]
        except (AssertionError, ValueError):
            raise UserError(
                f"{path!r} holds other weights than the settings in run.json make: put back the "
                "run.json that it was trained with."
            ) from None
        return None

    def _damage(self, step):
        """What differs from the hashes of a checkpoint, or None; one of an older zoo has none, and
        is held against the sums of each tensor that TensorFlow keeps."""
        try:
            lines = (self._folder / f"step-{step}.sha256").read_text().splitlines()
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return f"step-{step}.sha256 cannot be read"
        names = set()
        for line in lines:
            expected, _, name = line.partition("  ")
            path = self._folder / name
            if not _NAME.fullmatch(name) or not path.is_file():
                return f"{name!r} is missing"
            if _sha256(path) != expected:
                return f"{name} is not what was written"
            names.add(name)
        if f"step-{step}.index" not in names or len(names) < 2:
            return f"step-{step}.sha256 is cut short"
        return None

    def _publish(self, staging, step):
        """Moves whole files to their names: the data, then the index, then their hashes."""
        files = sorted(staging.glob(f"step-{step}.*"))
        # TensorFlow leaves what it wrote to the system: `_sha256` waits until it is on the disk.
        hashes = "".join(f"{_sha256(file, sync=True)}  {file.name}\n" for file in files)
        for file in files:
            os.replace(file, self._folder / file.name)
        write_whole(self._folder / f"step-{step}.sha256", hashes.encode())
        self._damaged.discard(step)

    def _prune(self, step):
        """Drops all but the newest three that are whole and of no later step."""
        keep = [n for n in self.steps() if n <= step and n not in self._damaged][-KEEP:]
        self._drop(lambda number: number not in keep)

    def _drop(self, unwanted):
        """Removes the checkpoints of which `unwanted(step)` is true: of each its data last, so that
        a kill leaves none that looks whole and is not."""
        for path in sorted(self._folder.glob("step-*"), reverse=True):
            match = _NAME.fullmatch(path.name)
            if match and unwanted(int(match[1])):
                path.unlink()

    def _write_list(self):
        names = [f"step-{step}" for step in self.steps()]
        lines = [f'model_checkpoint_path: "{names[-1]}"']
        lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
        write_whole(self._folder / "checkpoint", ("\n".join(lines) + "\n").encode())


def _sha256(path, sync=False):
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if sync:
            os.fsync(file.fileno())
    return digest

"""The checkpoints of a run: made beside, named when they are whole, known when they are damaged.

A checkpoint is TensorFlow's pair ``step-N.data-…`` and, written last, ``step-N.index``.  TensorFlow
keeps a checksum of every tensor and of every block of the index, and `restore` reads all of them:
no changed byte of either file changes a weight unnoticed, so there are no sums of ours beside them.
Which is the newest is read off the names.  TensorFlow's own list, the file ``checkpoint``, is
written for its tools and never read here; there are no times and no absolute paths in it.
"""

import contextlib
import copy
import errno
import os
import pathlib
import re
import shutil

import tensorflow as tf

from zoo.config import UserError
from zoo.files import write_whole, writing

KEEP = 3
_NAME = re.compile(r"step-(\d+)\.(index|data-\d+-of-\d+)")


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
            WriteError: a file cannot be written.
        """
        with writing(self._folder / f"step-{step}", "the newest whole checkpoint is kept"):
            self._save(step)

    def _save(self, step):
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
            damage = self._read(step)
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
        """Reads a checkpoint into the model; returns what is wrong with its content, or None.

        Raises:
            UserError: it holds other weights than the model has, or cannot be read for a reason
                that is not its content, such as permissions, the disk or memory.
        """
        path = str(self._folder / f"step-{step}")
        try:
            self._checkpoint.restore(path).assert_consumed()
        except (tf.errors.OpError, IndexError, MemoryError) as error:
            said = _said(error)
            if _is_damage(error, said):
                return said
            raise UserError(
                f"{path!r} cannot be read ({said}): its files are left as they are; fix this and "
                "run the command again."
            ) from None
        except (AssertionError, ValueError):
            raise UserError(
                f"{path!r} holds other weights than the settings in run.json make: put back the "
                "run.json that it was trained with."
            ) from None
        return None

    def _publish(self, staging, step):
        """Moves whole files to their names: the data, then the index."""
        files = sorted(staging.glob(f"step-{step}.*"))
        for file in files:
            _sync(file)
        for file in files:
            os.replace(file, self._folder / file.name)
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


def _said(error):
    """The first line of an error, less the name of TensorFlow's op."""
    lines = getattr(error, "message", str(error)).strip().splitlines() or ["out of memory"]
    return re.sub(r"^\{\{.*?\}\} | \[Op:\w+\]$", "", lines[0]).rstrip(".")


def _is_damage(error, said):
    """Whether an error of TensorFlow's reader is about what the files of a checkpoint hold."""
    if type(error) is tf.errors.OpError:
        # Its Python reader names no kind.  What the system refuses ends with the system's words.
        refused = {os.strerror(code) for code in errno.errorcode if code != errno.ENOENT}
        return said.rsplit("; ", 1)[-1] not in refused
    # `IndexError` is what becomes of a file that is too short.  A file that is missing, and a
    # weight that the checkpoint's own graph names and its index has not, are not found.
    damage = (tf.errors.DataLossError, tf.errors.OutOfRangeError, tf.errors.NotFoundError)
    return isinstance(error, (*damage, IndexError))


def _sync(path):
    """Waits until a file is on the disk: TensorFlow leaves what it wrote to the system."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())

"""Which devices carry a run."""

import tensorflow as tf

from zoo.config import UserError, nearest

STRATEGIES = ("auto", "one", "mirrored")


def strategy(name):
    """Returns a `tf.distribute` strategy; ``auto`` mirrors where there are several GPUs.

    Raises:
        UserError: the name is none of `STRATEGIES`.
    """
    if name not in STRATEGIES:
        raise UserError(f"unknown strategy {name!r}: {nearest(name, STRATEGIES)}.")
    gpus = tf.config.list_logical_devices("GPU")
    if name == "mirrored" or (name == "auto" and len(gpus) > 1):
        devices = gpus or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.OneDeviceStrategy("GPU:0" if gpus else "CPU:0")


def check_batch(batch_size, replicas):
    """Raises `UserError` unless `replicas` share a batch evenly."""
    if batch_size % replicas:
        raise UserError(
            f"a batch of {batch_size} does not split evenly over {replicas} replicas: "
            f"pass --config.batch_size={batch_size - batch_size % replicas or replicas}."
        )

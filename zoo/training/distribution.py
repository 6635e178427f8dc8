"""Which devices carry a run, and what each of several machines is fed.

    one            one GPU, or the CPU
    mirrored       the GPUs of this machine, or its logical CPUs
    multi_worker   the machines that the environment variable TF_CONFIG names
    tpu            the TPU that TPU_NAME names, or this machine's
    auto           the first of these that there is: multi_worker, tpu, mirrored, one

Every strategy takes the same global batches: replicas share one, so what a run learns does not
depend on their number, but for rounding.
"""

import json
import os

import tensorflow as tf

from zoo.config import UserError, nearest
from zoo.startup import ONEDNN

STRATEGIES = ("auto", "one", "mirrored", "multi_worker", "tpu")
_CLUSTER = (
    'TF_CONFIG={"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", '
    '"index": 0}}'
)


def strategy(name="auto", devices=None, logical_cpus=None):
    """Returns a `tf.distribute` strategy; call it before anything else of TensorFlow's runs.

    Args:
        name: one of `STRATEGIES`.
        devices: how many GPUs (or logical CPUs) of this machine carry the run; all by default.
        logical_cpus: splits the CPU into so many devices, to try replicas on any machine.

    Raises:
        UserError: the name is not one of `STRATEGIES`, or the devices are not there.
    """
    if name not in STRATEGIES:
        raise UserError(f"unknown strategy {name!r}: {nearest(name, STRATEGIES)}.")
    if logical_cpus:
        _split_cpu(logical_cpus)
    gpus = tf.config.list_physical_devices("GPU")
    if name == "auto":
        name = _found(devices, logical_cpus, gpus)
    if name == "multi_worker":
        if logical_cpus:
            raise UserError(
                "a worker has one CPU: leave --logical_cpus out, or start more of them."
            )
        return _multi_worker(devices, gpus)
    if name == "tpu":
        if devices or logical_cpus:
            raise UserError("a TPU is used whole: leave --devices and --logical_cpus out.")
        return _tpu()
    names = [d.name for d in tf.config.list_logical_devices("GPU" if gpus else "CPU")]
    if devices and devices > len(names):
        kind = "GPUs" if gpus else "CPU devices"
        more = "." if gpus else f", or split the CPU: --logical_cpus={devices}."
        raise UserError(f"this machine has {len(names)} {kind}: pass --devices={len(names)}{more}")
    if name == "mirrored":
        return tf.distribute.MirroredStrategy(names[:devices])
    if devices and devices > 1:
        raise UserError(f"--strategy=one is one device: for {devices} pass --strategy=mirrored.")
    return tf.distribute.OneDeviceStrategy(names[0])


def described(strategy):
    """Returns what a strategy is, in a few words."""
    count = strategy.num_replicas_in_sync
    kind = "tpu" if isinstance(strategy, tf.distribute.TPUStrategy) else "mirrored"
    if workers(strategy) > 1:
        return f"multi_worker: {count} replicas on {workers(strategy)} machines"
    if isinstance(strategy, tf.distribute.OneDeviceStrategy):
        device = tf.DeviceSpec.from_string(strategy.extended.worker_devices[0])
        return f"one: {device.device_type}:{device.device_index}"
    return f"{kind}: {count} replicas"


def device_line(strategy, jit_compile, precision):
    """Returns what carries a run, in one line, and in another what to do about an NVIDIA GPU that
    TensorFlow did not load."""
    threads = tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count()
    onednn = {None: "as TensorFlow sets it", "0": "off"}.get(os.environ.get(ONEDNN), "on")
    line = (
        f"device     {described(strategy)}, {threads} thread{'s' * (threads > 1)}, "
        f"oneDNN {onednn}, XLA {'on' if jit_compile else 'off'}, {precision}"
    )
    if os.path.isdir("/proc/driver/nvidia/gpus") and not tf.config.list_physical_devices("GPU"):
        line += (
            "\n           an NVIDIA GPU is here and TensorFlow did not load it: "
            "pip install 'tensorflow[and-cuda]'"
        )
    return line


def workers(strategy):
    """Returns how many processes carry the run."""
    resolver = strategy.cluster_resolver
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) or not resolver:
        return 1
    jobs = resolver.cluster_spec().as_dict()
    return max(1, sum(len(jobs.get(job, ())) for job in ("chief", "worker")))


def is_chief(strategy):
    """Whether this process is the one that writes the run; the others throw away what they do."""
    if workers(strategy) == 1:
        return True
    resolver = strategy.cluster_resolver
    if resolver.task_type == "chief":
        return True
    has_chief = "chief" in resolver.cluster_spec().as_dict()
    return not has_chief and resolver.task_id == 0


def check_batch(batch_size, replicas):
    """Raises `UserError` unless `replicas` share a batch evenly."""
    if batch_size % replicas:
        raise UserError(
            f"a batch of {batch_size} does not split evenly over {replicas} replicas: "
            f"pass --config.batch_size={batch_size - batch_size % replicas or replicas}."
        )


def feed(strategy, dataset):
    """Returns the batches of `dataset` as `fit` takes them under a strategy.

    Several machines each keep their part of every batch, in the order of the replicas.  TensorFlow
    would deal whole elements out to them, and each then trains on steps of its own.
    """
    if workers(strategy) == 1:
        return dataset
    replicas = strategy.num_replicas_in_sync

    def of_worker(context):
        here = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * here

        def parts(element):
            return {
                key: tf.reshape(value, [replicas, -1, *value.shape[1:]])[first : first + here]
                for key, value in element.items()
            }

        options = tf.data.Options()
        options.autotune.enabled = False
        return dataset.map(parts).unbatch().prefetch(2 * here).with_options(options)

    return strategy.distribute_datasets_from_function(of_worker)


def agreement(strategy):
    """Returns a function from a number of this process to the numbers of all of them, a list."""
    if workers(strategy) == 1:
        return lambda number: [number]

    @tf.function
    def gathered(number):
        everyone = strategy.run(lambda: tf.reshape(number, [1]))
        return strategy.gather(everyone, axis=0)

    return lambda number: gathered(tf.constant(number, tf.int32)).numpy().tolist()


def _split_cpu(count):
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * count
        )
    except RuntimeError:
        raise UserError(
            "--logical_cpus comes too late: TensorFlow runs in this process already."
        ) from None


def _found(devices, logical_cpus, gpus):
    """What ``auto`` stands for here."""
    if len(_workers_named()) > 1:
        return "multi_worker"
    if os.environ.get("TPU_NAME") or tf.config.list_physical_devices("TPU"):
        return "tpu"
    there = len(gpus) if gpus else (logical_cpus or 1)
    return "mirrored" if (devices or there) > 1 else "one"


def _workers_named():
    """The addresses of `TF_CONFIG`, or none."""
    try:
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
        named = [address for job in ("chief", "worker") for address in cluster.get(job, [])]
    except (ValueError, AttributeError, TypeError):
        raise UserError(f"TF_CONFIG is not as TensorFlow reads it: write {_CLUSTER}.") from None
    return named


def _multi_worker(devices, gpus):
    named = _workers_named()
    task = json.loads(os.environ.get("TF_CONFIG") or "{}").get("task", {})
    if not named or not isinstance(task, dict) or not {"type", "index"} <= task.keys():
        raise UserError(f"--strategy=multi_worker needs the cluster's addresses: set {_CLUSTER}.")
    if gpus:
        if devices and devices > len(gpus):
            raise UserError(f"this machine has {len(gpus)} GPUs: pass --devices={len(gpus)}.")
        tf.config.set_visible_devices(gpus[:devices], "GPU")
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (ValueError, KeyError, IndexError, TypeError, tf.errors.OpError) as error:
        said = str(error).strip().splitlines()[0].rstrip(".")
        raise UserError(f"the cluster of TF_CONFIG cannot be joined: {said}.") from None


def _tpu():
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(
            os.environ.get("TPU_NAME") or "local"
        )
        if resolver.get_master():  # a TPU of another machine
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, KeyError, RuntimeError, OSError, tf.errors.OpError) as error:
        said = str(error).strip().splitlines()[0].rstrip(".")
        raise UserError(
            f"there is no TPU here ({said}): set TPU_NAME, or choose another --strategy."
        ) from None
    return tf.distribute.TPUStrategy(resolver)

"""Breaks the code on purpose, once for each important test, and sees the test fail.

Each fault is one that somebody could write. The broken copy of the tree lives in a temporary
folder; a test that passes on it proves nothing and fails here.
"""

import os
import shutil
import typing

import pytest

from tests import ROOT


class Fault(typing.NamedTuple):
    what: str
    file: str
    right: str
    wrong: str
    test: str


HARNESS = "tests/test_contract.py::test_model"
FAULTS = [
    Fault(
        "the generator idles", "zoo/adversarial/gan.py",
        "self.minimize(self.generator_optimizer, tape, g_mean, self.generator)", "pass",
        f"{HARNESS}[check_each_player_moves_alone-gan]",
    ),
    Fault(
        "half the generator's loss", "zoo/adversarial/gan.py",
        "return -log_sigmoid(fake)", "return -0.5 * log_sigmoid(fake)",
        "tests/models/test_gan.py::test_losses_by_hand",
    ),
    Fault(
        "twice the KL", "zoo/variational/vae.py",
        "return 0.5 * tf.reduce_sum(mean**2", "return 1.0 * tf.reduce_sum(mean**2",
        "tests/models/test_vae.py::test_kl_by_hand",
    ),
    Fault(
        "gradients summed over replicas, not averaged", "zoo/training/model.py",
        "/ self.distribute_strategy.num_replicas_in_sync", "/ 1",
        f"{HARNESS}[check_replicas_equal_one_device-gan]",
    ),
    Fault(
        "every replica draws the same noise", "zoo/training/model.py",
        "noise.TRAINING, batch.index, self.step", "noise.TRAINING, tf.range(tf.size(batch.index)), "
        "self.step",
        f"{HARNESS}[check_replicas_equal_one_device-vae]",
    ),
    Fault(
        "data starts again at a resume", "zoo/data/pipeline.py",
        "tf.data.Dataset.range(start, stop)", "tf.data.Dataset.range(0, stop - start)",
        "tests/test_contract.py::test_model_on_disk[check_restored_run_continues-gan]",
    ),
    Fault(
        "the step counter is no weight", "zoo/training/model.py",
        "self.step = self.add_weight(\n            name=\"step\", shape=(), dtype=\"int32\", "
        "initializer=\"zeros\", trainable=False\n        )",
        "self._uncounted = types.SimpleNamespace(step=tf.Variable(0))\n"
        "        object.__setattr__(self, \"step\", self._uncounted.step)",
        "tests/test_contract.py::test_model_on_disk[check_keras_weight_files_carry_all-vae]",
    ),
    Fault(
        "a random op that replicas and XLA draw otherwise", "zoo/noise.py",
        "return self._shaped(shape, lambda count: _to_uniform(self._words(count)))",
        "return tf.random.uniform([tf.size(self._examples), *shape])",
        f"{HARNESS}[check_graph_is_fit_for_a_tpu-gan]",
    ),
    Fault(
        "live weights are sampled", "zoo/training/model.py",
        "if not self._averaged:", "if True:",
        f"{HARNESS}[check_averages-gan]",
    ),
    Fault(
        "a transposed convolution's kernel is not turned round", "zoo/exporting/subpixel.py",
        "tf.reverse(whole, [0, 2])", "whole",
        "tests/export/test_formats.py::test_a_transposed_convolution_is_a_convolution_and_a_shuffle",
    ),
    Fault(
        "the clip leaves the weights", "zoo/adversarial/wgan.py",
        "            self.clip_critic()\n\n        with", "\n        with",
        "tests/models/test_wgan.py::test_one_step_by_hand",
    ),
    Fault(
        "updates do not wait for the loss", "zoo/training/model.py",
        "with tf.control_dependencies([loss]):", "if True:",
        "tests/models/test_wgan.py::test_updates_wait_for_the_loss",
    ),
    Fault(
        "a one-sided penalty", "zoo/adversarial/wgan_gp.py",
        "return (norm - 1.0) ** 2", "return tf.nn.relu(norm - 1.0) ** 2",
        "tests/models/test_wgan_gp.py::test_penalty_of_a_linear_critic",
    ),
    Fault(
        "the penalty is not differentiated", "zoo/adversarial/wgan_gp.py",
        "gradient = tape.gradient(value, between)",
        "gradient = tf.stop_gradient(tape.gradient(value, between))",
        "tests/models/test_wgan_gp.py::test_one_step_by_hand",
    ),
    Fault(
        "BatchNorm of each replica's own examples", "zoo/networks/dcgan.py",
        "synchronized=True", "synchronized=False",
        f"{HARNESS}[check_replicas_equal_one_device-dcgan]",
    ),
    Fault(
        "the discriminator is not given the condition", "zoo/networks/joint.py",
        "for layer, value in ((self.on_x, flat(x)), (self.on_y, condition))",
        "for layer, value in ((self.on_x, flat(x)), (self.on_y, 0.0 * condition))",
        "tests/models/test_cgan.py::test_both_players_see_the_condition",
    ),
    Fault(
        "the data is judged in place of the pictures", "zoo/metrics/evaluation.py",
        "frechet.relative(self._classifier.features(x), self._reference)",
        "frechet.relative(self._reference, self._reference)",
        "tests/usage/test_evaluate.py::test_the_judge_of_pictures_knows_good_from_bad",
    ),
    Fault(
        "mask A sees its own color", "zoo/networks/masked.py",
        'seen = np.less if mask == "A" else np.less_equal', "seen = np.less_equal",
        "tests/models/test_pixelrnn.py::test_no_logit_sees_its_own_value_or_a_later_one",
    ),
    Fault(
        "the right-hand map stays in its row", "zoo/autoregressive/diagonal_bilstm.py",
        "tf.pad(right, [[0, 0], [1, 0], [0, 0], [0, 0]])[:, :-1]", "right",
        "tests/models/test_pixelrnn.py::test_probabilities_sum_to_one",
    ),
    Fault(
        "the cached PixelCNN forgets its left neighbor", "zoo/autoregressive/pixelcnn.py",
        "tf.concat([left, seen], axis=-1)", "tf.concat([0.0 * left, seen], axis=-1)",
        "tests/models/test_pixelrnn.py::test_both_samplers_draw_the_same_picture",
    ),
    Fault(
        "samples do not follow the probabilities", "zoo/autoregressive/cached.py",
        "logits = logits / temperature", "logits = 0.0 * logits",
        "tests/models/test_pixelrnn.py::test_samples_are_distributed_as_the_likelihood_says",
    ),
    Fault(
        "a checkpoint that is cut short is not noticed", "zoo/runs/checkpoints.py",
        "except IndexError as error:", "except KeyError as error:",
        "tests/reliability/test_survival.py::test_a_damaged_checkpoint_falls_back_to_the_one_before",
    ),
    Fault(
        "averages do not warm up", "zoo/training/ema.py",
        "return tf.minimum(limit, (1.0 + t) / (10.0 + t))", "return limit + 0.0 * t",
        "tests/unit/test_ema.py::test_a_short_run_draws_by_what_it_learned[vae]",
    ),
    Fault(
        "a BatchNorm's statistics are the live weights' own", "zoo/adversarial/base.py",
        "self.generator.weights)", "self.generator.trainable_variables)",
        "tests/unit/test_ema.py::test_a_batch_norms_statistics_are_averaged_as_its_weights_are",
    ),
    Fault(
        "a fallen rate is trained on with", "zoo/runs.py",
        'if old["config"].get("decay") == "linear" and', "if False and",
        "tests/usage/test_train.py::test_a_falling_rate_falls_over_all_of_its_run",
    ),
]  # fmt: skip


def test_every_fault_is_in_the_code_as_it_stands():
    gone = [fault.what for fault in FAULTS if fault.right not in (ROOT / fault.file).read_text()]
    assert not gone, "the code has moved on: mend these faults"


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what.replace(" ", "_"))
def test_the_fault_is_caught(fault, forks, tmp_path):
    for name in ("zoo", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    source = tmp_path / fault.file
    text = source.read_text()
    source.write_text(text.replace(fault.right, fault.wrong))
    words = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", fault.test]
    done = forks.run(words, tmp_path, {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1, f"{fault.test} passes on broken code:\n{done.stdout[-3000:]}"
    assert "1 failed" in done.stdout, done.stdout[-3000:]

"""Breaks the code on purpose, once for each important test, and sees the test fail.

Each fault is one that somebody could write. The broken copy of the tree lives in a temporary
folder; a test that passes on it proves nothing and fails here.
"""

import os
import shutil
import typing

import pytest
from conftest import ROOT


class Fault(typing.NamedTuple):
    what: str
    file: str
    right: str
    wrong: str
    test: str


HARNESS = "tests/test_harness.py::test_model"
FAULTS = [
    Fault(
        "the generator idles", "zoo/adversarial/gan.py",
        "self.descend(self.generator_optimizer, tape, g_mean, self.generator)", "pass",
        f"{HARNESS}[check_each_player_moves_alone-gan]",
    ),
    Fault(
        "the encoder does not learn", "zoo/variational/vae.py",
        "mean, log_variance = tf.split(self.encoder(images), 2, axis=-1)\n        z = mean + "
        "tf.exp(0.5 * log_variance) * noise",
        "mean, log_variance = tf.split(tf.stop_gradient(self.encoder(images)), 2, axis=-1)\n"
        "        z = mean + tf.exp(0.5 * log_variance) * noise",
        f"{HARNESS}[check_each_player_moves_alone-vae]",
    ),
    Fault(
        "half the generator's loss", "zoo/adversarial/gan.py",
        "return -log_sigmoid(fake)", "return -0.5 * log_sigmoid(fake)",
        "tests/test_gan.py::test_losses_by_hand",
    ),
    Fault(
        "twice the KL", "zoo/variational/vae.py",
        "return 0.5 * tf.reduce_sum(mean**2", "return 1.0 * tf.reduce_sum(mean**2",
        "tests/test_vae.py::test_kl_by_hand",
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
        "adaptive optimisers see summed gradients", "zoo/training/model.py",
        "/ self.distribute_strategy.num_replicas_in_sync", "/ 1",
        f"{HARNESS}[check_reduced_gradients-vae]",
    ),
    Fault(
        "data starts again at a resume", "zoo/data/pipeline.py",
        "tf.data.Dataset.range(start, stop)", "tf.data.Dataset.range(0, stop - start)",
        "tests/test_harness.py::test_model_on_disk[check_restored_run_continues-gan]",
    ),
    Fault(
        "the step counter is no weight", "zoo/training/model.py",
        "self.step = self.add_weight(\n            name=\"step\", shape=(), dtype=\"int32\", "
        "initializer=\"zeros\", trainable=False\n        )",
        "self._uncounted = types.SimpleNamespace(step=tf.Variable(0))\n"
        "        object.__setattr__(self, \"step\", self._uncounted.step)",
        "tests/test_harness.py::test_model_on_disk[check_keras_weight_files_carry_all-vae]",
    ),
    Fault(
        "optimisers are built at their first step", "zoo/training/model.py",
        "        optimizer.build(variables)\n        if optimizer.use_ema:",
        "        if False:",
        "tests/test_harness.py::test_model_on_disk[check_keras_weight_files_carry_all-gan]",
    ),
    Fault(
        "a random op that replicas and XLA draw otherwise", "zoo/noise.py",
        "return self._shaped(shape, lambda count: _to_uniform(self._words(count)))",
        "return tf.random.uniform([tf.size(self._examples), *shape])",
        f"{HARNESS}[check_graph_is_fit_for_a_tpu-gan]",
    ),
    Fault(
        "every call of fit traces anew", "zoo/training/model.py",
        "if self.train_function is not None and not force:", "if False:",
        f"{HARNESS}[check_fit_validates_and_traces_once-gan]",
    ),
    Fault(
        "live weights are sampled", "zoo/training/model.py",
        "if not optimizer.use_ema:", "if True:",
        f"{HARNESS}[check_averages-gan]",
    ),
    Fault(
        "the seed is ignored", "zoo/training/model.py",
        "noise.Noise(seed, noise.SAMPLING, tf.range(num))",
        "noise.Noise(0, noise.SAMPLING, tf.range(num))",
        f"{HARNESS}[check_samples-vae]",
    ),
    Fault(
        "32 bits of state", "zoo/noise.py",
        "_mix(tf.bitwise.bitwise_xor(second, first) + _u32(_GOLDEN))", "first",
        "tests/test_noise.py::test_no_stream_repeats_another",
    ),
    Fault(
        "a weak mixer", "zoo/noise.py",
        "word = _xorshift(word, 15) * _u32(0x735A2D97)", "word = _xorshift(word, 15)",
        "tests/test_noise.py::test_words_are_those_of_the_slow_twin",
    ),
    Fault(
        "dropout shrinks the mean", "zoo/networks/mlp.py",
        "return features * mask / (1.0 - rate)", "return features * mask",
        "tests/test_networks.py::test_dropout_keeps_the_mean",
    ),
    Fault(
        "a mean for a maximum", "zoo/networks/mlp.py",
        "return tf.reduce_max(", "return tf.reduce_mean(",
        "tests/test_networks.py::test_maxout_by_hand",
    ),
    Fault(
        "no lock", "zoo/runs.py",
        "fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass",
        "tests/test_train.py::test_a_run_in_use_is_refused",
    ),
    Fault(
        "a transposed convolution's kernel is not turned round", "zoo/exporting/subpixel.py",
        "tf.reverse(whole, [0, 2])", "whole",
        "tests/test_formats.py::test_a_transposed_convolution_is_a_convolution_and_a_shuffle",
    ),
    Fault(
        "a living export's staging folder is cleared", "zoo/exporting/publish.py",
        "fcntl.flock(lock, fcntl.LOCK_EX)\n        if", "if",
        "tests/test_integrity.py::test_staging_folders_of_living_exports_stay",
    ),
    Fault(
        "the model's own range leaves in an export", "zoo/adversarial/gan.py",
        "return self.data_spec.to_unit(self.generator(latents, y))",
        "return self.generator(latents, y)",
        "tests/test_export.py::test_images_are_in_unit_range_whatever_the_model_trained_on",
    ),
    Fault(
        "a minimax that climbs", "zoo/adversarial/gan.py",
        "return -log_sigmoid(fake)", "return log_sigmoid(fake)",
        "tests/test_harness.py::test_learns[gan]",
    ),
    Fault(
        "the bound upside down", "zoo/variational/vae.py",
        "self.replica_mean(kl - reconstruction)", "self.replica_mean(kl + reconstruction)",
        "tests/test_harness.py::test_learns[vae]",
    ),
    Fault(
        "the clip leaves the weights", "zoo/adversarial/wgan.py",
        "            self.clip_critic()\n\n        with", "\n        with",
        "tests/test_wgan.py::test_one_step_by_hand",
    ),
    Fault(
        "the clip skips BatchNorm's scales", "zoo/adversarial/wgan.py",
        "for weight in self.critic.trainable_variables:",
        "for weight in [v for v in self.critic.trainable_variables if v.shape.rank > 1]:",
        "tests/test_wgan.py::test_every_trainable_weight_is_clipped_and_no_statistic",
    ),
    Fault(
        "the critic descends", "zoo/adversarial/wgan.py",
        "loss = self.replica_mean(fake - real)", "loss = self.replica_mean(real - fake)",
        "tests/test_wgan.py::test_one_step_by_hand",
    ),
    Fault(
        "the estimate upside down", "zoo/adversarial/wasserstein.py",
        '"wasserstein": real - fake', '"wasserstein": fake - real',
        "tests/test_wgan.py::test_the_estimate_is_real_minus_fake",
    ),
    Fault(
        "extra critic steps one early", "zoo/adversarial/wgan.py",
        "return place >= long - 1", "return place >= long - 2",
        "tests/test_wgan.py::test_extra_critic_steps_follow_the_authors_loop",
    ),
    Fault(
        "a generator that is not due keeps its optimiser's step", "zoo/training/model.py",
        "moved = [*variables, *optimizer.variables]", "moved = variables",
        "tests/test_wgan.py::test_a_generator_that_is_not_due_stays_with_its_optimiser",
    ),
    Fault(
        "updates do not wait for the loss", "zoo/training/model.py",
        "with tf.control_dependencies([loss]):", "if True:",
        "tests/test_wgan.py::test_updates_wait_for_the_loss",
    ),
    Fault(
        "checkpoints look into no list", "zoo/training/model.py",
        "self._checkpointed = tf.train.Checkpoint(weights=[v.value for v in self.weights])", "",
        "tests/test_harness.py::test_model_on_disk[check_restored_run_continues-dcgan]",
    ),
    Fault(
        "a penalty of the batch's norm", "zoo/adversarial/wgan_gp.py",
        "axes = list(range(1, real.shape.rank))", "axes = list(range(2, real.shape.rank))",
        "tests/test_wgan_gp.py::test_penalty_is_of_each_sample_at_its_own_place_over_all_axes",
    ),
    Fault(
        "one place between for the whole batch", "zoo/adversarial/wgan_gp.py",
        "between = alpha * real + (1.0 - alpha) * fake",
        "alpha = alpha[:1]\n        between = alpha * real + (1.0 - alpha) * fake",
        "tests/test_wgan_gp.py::test_penalty_is_of_each_sample_at_its_own_place_over_all_axes",
    ),
    Fault(
        "a one-sided penalty", "zoo/adversarial/wgan_gp.py",
        "return (norm - 1.0) ** 2", "return tf.nn.relu(norm - 1.0) ** 2",
        "tests/test_wgan_gp.py::test_penalty_of_a_linear_critic",
    ),
    Fault(
        "nothing under the root", "zoo/adversarial/wgan_gp.py",
        "TINY = 1e-12", "TINY = 0.0",
        "tests/test_wgan_gp.py::test_penalty_of_a_constant_critic_has_finite_gradients",
    ),
    Fault(
        "the penalty is not differentiated", "zoo/adversarial/wgan_gp.py",
        "gradient = tape.gradient(value, between)",
        "gradient = tf.stop_gradient(tape.gradient(value, between))",
        "tests/test_wgan_gp.py::test_one_step_by_hand",
    ),
    Fault(
        "BatchNorm of each replica's own examples", "zoo/networks/dcgan.py",
        "synchronized=True", "synchronized=False",
        f"{HARNESS}[check_replicas_equal_one_device-dcgan]",
    ),
    Fault(
        "sampling with the batch's statistics", "zoo/networks/dcgan.py",
        "return self.stack(latents, training=training)",
        "return self.stack(latents, training=True)",
        "tests/test_dcgan.py::test_statistics_move_in_training_and_are_used_in_sampling",
    ),
    Fault(
        "the discriminator is not given the condition", "zoo/networks/joint.py",
        "for layer, value in ((self.on_x, flat(x)), (self.on_y, condition))",
        "for layer, value in ((self.on_x, flat(x)), (self.on_y, 0.0 * condition))",
        "tests/test_cgan.py::test_both_players_see_the_condition",
    ),
    Fault(
        "conditions of other pictures", "zoo/data/pipeline.py",
        "element[\"y\"] = tf.reshape(y, [-1, math.prod(y.shape[1:])])",
        "element[\"y\"] = tf.reshape(y[::-1], [-1, math.prod(y.shape[1:])])",
        "tests/test_cgan.py::test_batches_hold_what_belongs_together",
    ),
    Fault(
        "a label that is no class is drawn", "zoo/training/model.py",
        "outside = [label for label in y.numpy().ravel() if not 0 <= label < spec.classes]",
        "outside = []",
        "tests/test_cgan.py::test_wrong_calls_get_one_sentence",
    ),
    Fault(
        "modes of the wrong width", "zoo/data/planes.py",
        "0.05 / 2.828", "0.05",
        "tests/test_planes.py::test_scales_are_the_authors",
    ),
    Fault(
        "the data is judged in place of the pictures", "zoo/metrics/evaluation.py",
        "frechet.relative(self._classifier.features(x), self._reference)",
        "frechet.relative(self._reference, self._reference)",
        "tests/test_evaluate.py::test_the_judge_of_pictures_knows_good_from_bad",
    ),
    Fault(
        "a generator that flees the critic", "zoo/adversarial/wgan.py",
        "g_loss = -self.critic(", "g_loss = self.critic(",
        "tests/test_harness.py::test_learns[wgan]",
    ),
    Fault(
        "mask A sees its own colour", "zoo/networks/masked.py",
        'seen = np.less if mask == "A" else np.less_equal', "seen = np.less_equal",
        "tests/test_pixelrnn.py::test_no_logit_sees_its_own_value_or_a_later_one",
    ),
    Fault(
        "the right-hand map stays in its row", "zoo/autoregressive/diagonal_bilstm.py",
        "tf.pad(right, [[0, 0], [1, 0], [0, 0], [0, 0]])[:, :-1]", "right",
        "tests/test_pixelrnn.py::test_probabilities_sum_to_one",
    ),
    Fault(
        "a diagonal reads the pixel above for the one beside it",
        "zoo/autoregressive/diagonal_bilstm.py",
        "seen = tf.concat([before[:, 1:], before[:, :-1]], axis=-1)",
        "seen = tf.concat([before[:, :-1], before[:, 1:]], axis=-1)",
        "tests/test_pixelrnn.py::test_diagonal_bilstm_by_hand",
    ),
    Fault(
        "a Row LSTM looks straight up only", "zoo/networks/recurrent.py",
        "[padded[(*whole, slice(i, i + count))] for i in range(width)]",
        "[padded[(*whole, slice(side, side + count))] for i in range(width)]",
        "tests/test_pixelrnn.py::test_context_of_a_bare_row_lstm_is_a_triangle",
    ),
    Fault(
        "the cached PixelCNN forgets its left neighbour", "zoo/autoregressive/pixelcnn.py",
        "tf.concat([left, seen], axis=-1)", "tf.concat([0.0 * left, seen], axis=-1)",
        "tests/test_pixelrnn.py::test_both_samplers_draw_the_same_picture",
    ),
    Fault(
        "the cached rows from the right begin at nothing", "zoo/autoregressive/diagonal_bilstm.py",
        "gates += tf.tensordot(kept[0], self._above_right, 1) + bias[..., 4 * units :]",
        "gates += bias[..., 4 * units :]",
        "tests/test_pixelrnn.py::test_both_samplers_draw_the_same_picture",
    ),
    Fault(
        "completions do not see what is given", "zoo/autoregressive/cached.py",
        "tf.where(erased[:, colour], self._value(level), given[:, colour])",
        "self._value(level)",
        "tests/test_pixelrnn.py::test_completion_is_drawn_given_what_is_before",
    ),
    Fault(
        "the temperature is ignored", "zoo/autoregressive/cached.py",
        "logits = logits / temperature", "logits = logits / 1.0",
        "tests/test_pixelrnn.py::test_choose_is_the_inverse_of_the_distribution_function",
    ),
    Fault(
        "the small picture is not looked at", "zoo/autoregressive/likelihood.py",
        "return self.networks[number](pictures[number], condition)",
        "return self.networks[number](pictures[number])",
        f"{HARNESS}[check_each_player_moves_alone-multi_scale]",
    ),
    Fault(
        "bits of the wrong size", "zoo/autoregressive/likelihood.py",
        "nll / (self.data_spec.values * math.log(2.0))", "nll / self.data_spec.values",
        "tests/test_pixelrnn.py::test_a_model_that_knows_nothing",
    ),
    Fault(
        "samples do not follow the probabilities", "zoo/autoregressive/cached.py",
        "logits = logits / temperature", "logits = 0.0 * logits",
        "tests/test_pixelrnn.py::test_samples_are_distributed_as_the_likelihood_says",
    ),
    Fault(
        "likelihoods by the live weights", "zoo/autoregressive/likelihood.py",
        "with self.averages(self.likelihood_optimizer):\n            return -self.nll(",
        "if True:\n            return -self.nll(",
        "tests/test_pixelrnn.py::test_everything_drawn_or_told_is_by_the_averaged_weights",
    ),
    Fault(
        "a script on the PATH knows no flags",
        "zoo/cli.py",
        "own = sorted(set(flags.FLAGS) - before)",
        "own = [f.name for f in flags.FLAGS.get_flags_for_module(sys.argv[0])]",
        "tests/test_packaging.py::test_a_script_knows_its_own_flags[sample]",
    ),
    Fault(
        "an import defines a command's flags",
        "zoo/cli.py",
        "return lambda main: functools",
        "define_flags()\n    return lambda main: functools",
        "tests/test_packaging.py::test_a_program_may_import_every_command",
    ),
    Fault(
        "a wheel takes the commit of the checkout around it",
        "zoo/runs.py",
        'git("ls-files", "--error-unmatch", here.name)',
        "pass",
        "tests/test_packaging.py::test_only_our_own_checkout_names_the_commit",
    ),
    Fault(
        "a damaged checkpoint is not noticed", "zoo/training/checkpoints.py",
        "damage = self._damage(step) or self._read(step)", "damage = self._read(step)",
        "tests/test_survival.py::test_a_damaged_checkpoint_falls_back_to_the_one_before",
    ),
    Fault(
        "the index is named before its data", "zoo/training/checkpoints.py",
        "        for file in files:\n            os.replace", "        for file in files[::-1]:\n"
        "            os.replace",
        "tests/test_survival.py::test_a_kill_at_every_call_of_checkpointing_resumes_bit_for_bit",
    ),
    Fault(
        "a signal keeps nothing", "zoo/training/callbacks.py",
        "        elif self._stop.asked():\n            self._checkpoint(step)\n",
        "        elif self._stop.asked():\n",
        "tests/test_survival.py::test_signals_keep_the_step",
    ),
    Fault(
        "both workers take the first half of a batch", "zoo/training/distribution.py",
        "first = context.input_pipeline_id * here", "first = 0",
        "tests/test_workers.py::test_two_workers_equal_one_device",
    ),
    Fault(
        "last layers in bfloat16", "zoo/networks/mlp.py",
        'dtype="float32" if last else initial.dtype', "dtype=initial.dtype",
        f"{HARNESS}[check_bfloat16_is_for_hidden_products-vae]",
    ),
    Fault(
        "backward products are not counted", "zoo/training/estimate.py",
        'if operation.type == "Conv2D":', 'if operation.type.startswith("Conv2D"):',
        "tests/test_devices.py::test_flops_of_convolutions_by_hand",
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

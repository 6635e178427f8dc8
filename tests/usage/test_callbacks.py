"""Keras' callbacks through `fit`, as they are."""

import keras
import numpy as np
import pytest

import zoo
from tests.contract import BATCH, differing, make, weights
from zoo.config import UserError
from zoo.training.rates import RateOf

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(digits):
    """A model of two players, traced once for all tests."""
    return make("wgan", digits.spec, n_critic=1, hidden=(16,), ema=0.9)


@pytest.fixture(scope="module")
def arrays(digits):
    """Pictures to train on and to validate with."""
    x = digits.spec.from_unit(digits.examples("train", 3 * BATCH)[0])
    return x[: 2 * BATCH], x[2 * BATCH :]


@pytest.fixture
def fit(model, arrays):
    """Fits on, and returns the epochs' logs."""
    train, held_out = arrays

    def run(*callbacks, epochs=2):
        return model.fit(
            train, batch_size=BATCH, validation_data=(held_out, None), validation_batch_size=BATCH,
            epochs=epochs, verbose=0, callbacks=list(callbacks),
        ).history  # fmt: skip

    return run


def test_early_stopping_by_a_held_out_loss(fit, model):
    # No change is as large as this: the second epoch is the last.
    stop = keras.callbacks.EarlyStopping(
        "val_wasserstein", mode="min", min_delta=1e6, patience=1, restore_best_weights=True
    )
    found = fit(stop, keras.callbacks.LambdaCallback(), epochs=5)
    assert len(found["val_wasserstein"]) == 2
    assert stop.stopped_epoch == 1
    for now, best in zip(model.get_weights(), stop.best_weights, strict=True):
        np.testing.assert_array_equal(now, best)


def test_checkpoints_of_weights_and_of_the_whole_model(fit, model, tmp_path):
    fit(
        keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
        keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True),
        keras.callbacks.ModelCheckpoint(
            tmp_path / "best.keras", monitor="val_g_loss", mode="min", save_best_only=True
        ),
        keras.callbacks.ModelCheckpoint(tmp_path / "batch.keras", save_freq=2),
    )
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "1.keras", "2.keras", "1.weights.h5", "2.weights.h5", "best.keras", "batch.keras",
    }  # fmt: skip
    assert differing(weights(zoo.load(tmp_path / "2.keras")), weights(model)) == []
    earlier = int(zoo.load(tmp_path / "1.keras").step.numpy())
    assert earlier == int(model.step.numpy()) - 2
    model.load_weights(tmp_path / "1.weights.h5")
    assert int(model.step.numpy()) == earlier


def test_rates_of_one_of_two_optimizers(fit, model):
    before = {name: float(one.learning_rate) for name, (_, one) in model.optimizers().items()}
    fit(RateOf("generator", keras.callbacks.ReduceLROnPlateau(
        "val_g_loss", mode="min", factor=0.5, min_delta=1e6, patience=1
    )))  # fmt: skip
    assert float(model.generator_optimizer.learning_rate) == before["generator"] / 2
    assert float(model.discriminator_optimizer.learning_rate) == before["discriminator"]
    rates, optimizer = [], model.discriminator_optimizer
    falling = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 4)
    recorded = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: rates.append(float(optimizer.learning_rate))
    )
    fit(RateOf("discriminator", falling), recorded)
    assert rates == [before["discriminator"] / 4, before["discriminator"] / 16]
    kept = [v.numpy() for v in model.discriminator.trainable_variables]
    fit(RateOf("discriminator", keras.callbacks.LearningRateScheduler(lambda epoch: 0.0)))
    for now, then in zip(model.discriminator.trainable_variables, kept, strict=True):
        np.testing.assert_array_equal(now, then)  # so the steps do take the rate
    for name, (_, optimizer) in model.optimizers().items():
        optimizer.learning_rate = before[name]


def test_an_optimizer_that_is_not_there_is_named(fit):
    plateau = keras.callbacks.ReduceLROnPlateau("val_g_loss", mode="min", patience=1)
    with pytest.raises(UserError, match=r"unknown optimizer 'critic': .*discriminator, generator"):
        fit(RateOf("critic", plateau))
    for callback in (  # as the docstring of `fit` says
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
        keras.callbacks.ReduceLROnPlateau("val_g_loss", mode="min", min_delta=1e6, patience=1),
    ):
        with pytest.raises((AttributeError, ValueError), match=r"learning_rate"):
            fit(callback)


def test_logs_and_backups(fit, model, tmp_path):
    fit(
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.TensorBoard(tmp_path / "board", histogram_freq=1, update_freq="batch"),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False),
    )
    head, *lines = (tmp_path / "log.csv").read_text().splitlines()
    assert {"g_loss", "wasserstein", "val_g_loss", "val_wasserstein"} <= set(head.split(","))
    assert len(lines) == 2
    assert list((tmp_path / "board").rglob("events*"))
    kept, step = weights(model), int(model.step.numpy())
    for variable in model.trainable_variables:
        variable.assign(variable * 0.0)
    fit(keras.callbacks.BackupAndRestore(tmp_path / "backup"))  # both epochs are done
    assert int(model.step.numpy()) == step
    assert differing(weights(model), kept) == []

"""Trains a frozen classifier of `zoo/metrics/evaluator.py`, and takes its reference.

    python -m tools.evaluator --data=mnist [--out=zoo/metrics/frozen]

Figures of two classifiers do not compare, so whoever runs this makes all earlier ones worthless: it
is here to say how the files were made.  Another machine rounds otherwise, and gets others.

The last 10,000 training pictures of MNIST, or 297 of the digits, are held out: the classifier has
seen neither them nor the test pictures.  They are the floor, which pictures that it was fitted to
could not be: its features know them, and what they say of new ones depends on how it was trained.

Writes DATA.npz, the weights, and DATA_reference.npz, the features of the test pictures and of those
held out, and prints the lines that go into `zoo/metrics/evaluator.py`.
"""

import dataclasses
import hashlib
import io
import pathlib

import numpy as np
from absl import flags

from zoo import cli, files
from zoo.config import UserError
from zoo.metrics import evaluator
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
SEED = 0
AVERAGED = 0.999  # decay of the weights' moving average


@dataclasses.dataclass(frozen=True)
class Training:
    """How a classifier is trained.

    Attributes:
        held_out: how many of the last training pictures are the floor.
        steps, batch: of Adam.
        rate: of its first step; it falls linearly to 0.
        shift, angle, scale: pictures are moved by at most this many pixels, radians, and parts.
    """

    held_out: int
    steps: int
    batch: int
    rate: float
    shift: float
    angle: float
    scale: float


TRAININGS = {
    "mnist": Training(10_000, 8000, 128, 2e-3, shift=2.0, angle=0.2, scale=0.1),
    "digits": Training(297, 6000, 64, 2e-3, shift=0.5, angle=0.15, scale=0.1),
}


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_enum("data", None, sorted(TRAININGS), "what it is trained on")
    flags.DEFINE_string("out", str(evaluator.FOLDER), "the folder of the frozen files")


def network(name):
    """The Keras network whose weights are frozen: images [B, H, W, 1] -> (units, logits)."""
    import keras

    facts = evaluator.FACTS[name]
    x = images = keras.Input(facts.shape)
    for layer in facts.convolutions:
        x = keras.layers.Conv2D(layer.filters, layer.side, activation="relu")(x)
        x = keras.layers.MaxPooling2D()(x) if layer.pooled else x
    x = keras.layers.Dropout(0.3, seed=SEED)(keras.layers.Flatten()(x))
    units = keras.layers.Dense(evaluator.UNITS, activation="relu")(x)
    return keras.Model(images, [units, keras.layers.Dense(10)(units)])


def train(name, images, labels):
    """Returns the averaged weights of a network that was fitted to these pictures."""
    import keras
    import tensorflow as tf

    how = TRAININGS[name]
    keras.utils.set_random_seed(SEED)
    model = network(name)
    variables = model.trainable_variables
    averages = [tf.Variable(variable) for variable in variables]
    rate = keras.optimizers.schedules.PolynomialDecay(how.rate, how.steps, end_learning_rate=0.0)
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step(images, labels, moves, decay):
        moved = tf.raw_ops.ImageProjectiveTransformV3(
            images=images, transforms=moves, output_shape=tf.shape(images)[1:3],
            interpolation="BILINEAR", fill_value=0.0,
        )  # fmt: skip
        with tf.GradientTape() as tape:
            _, logits = model(moved, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, variables), variables)
        for average, variable in zip(averages, variables, strict=True):
            average.assign(decay * average + (1.0 - decay) * variable)
        return loss

    random = np.random.RandomState(SEED)
    for number in range(how.steps):
        rows = random.choice(len(images), how.batch, replace=False)
        moves = tf.constant(transforms(random, how, images.shape[1]), tf.float32)
        decay = tf.constant(min(AVERAGED, (1 + number) / (10 + number)), tf.float32)
        loss = step(tf.constant(images[rows]), tf.constant(labels[rows]), moves, decay)
        if (number + 1) % 500 == 0:
            print(f"step {number + 1} of {how.steps}: loss {float(loss):.4f}", flush=True)
    return [average.numpy() for average in averages]


def transforms(random, how, side):
    """Random shifts, rotations and scales, [batch, 8]: where each pixel is taken from."""
    angle, scale = (random.uniform(-most, most, how.batch) for most in (how.angle, how.scale))
    right, down = random.uniform(-how.shift, how.shift, (2, how.batch))
    a, b, center = np.cos(angle) * (1 + scale), np.sin(angle) * (1 + scale), (side - 1) / 2
    rows = [a, -b, right + center * (1 - a + b), b, a, down + center * (1 - a - b), 0 * a, 0 * a]
    return np.stack(rows, axis=1)


def scaled(weights, units):
    """Weights with the mean square of the layer below the logits at 1, and the same logits.

    The layer's scale is of no account to a classifier, but it is the unit of the features' length.
    """
    scale = np.sqrt(np.mean(np.square(units, dtype=np.float64))).astype(np.float32)
    *below, kernel, bias, kernel_of_logits, bias_of_logits = weights
    return [*below, kernel / scale, bias / scale, kernel_of_logits * scale, bias_of_logits]


def reference(frozen, real, floor):
    """name -> array of the reference's file, of two pairs of images and labels."""
    found = {}
    for part, (images, labels) in {"real": real, "floor": floor}.items():
        found[part] = frozen.features(images).astype(np.float16)
        found[f"{part}_labels"] = labels.astype(np.uint8)
    return found


def _write(path, *arrays, **named):
    """Writes an .npz file, and returns the line that pins it."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, *arrays, **named)
    content = buffer.getvalue()
    files.write_whole(path, content)
    print(f"{path}: {len(content)} bytes")
    return hashlib.sha256(content).hexdigest()


@cli.command(define_flags)
def main():
    """Trains, judges and writes."""
    if FLAGS.data is None:
        raise UserError("say what to train on: python -m tools.evaluator --data=mnist.")
    folder, name = pathlib.Path(FLAGS.out), FLAGS.data
    files.check_folder(folder)
    start_tensorflow(exact=True)
    from zoo.data import load

    data, held_out = load(name), TRAININGS[name].held_out
    (images, _, labels), (test, _, test_labels) = (data.examples(s) for s in ("train", "test"))
    seen, unseen = slice(0, -held_out), slice(-held_out, None)
    weights = train(name, images[seen], labels[seen])
    convolutions = evaluator.FACTS[name].convolutions
    units = evaluator.Network(convolutions, weights).units(images[seen])
    weights = scaled(weights, units)
    frozen = evaluator.Network(convolutions, weights)
    real, floor = (test, test_labels), (images[unseen], labels[unseen])
    for part, (x, y) in {"the test pictures": real, "those held out": floor}.items():
        print(f"right on {100 * np.mean(frozen.predict(x) == y):.2f} % of {part}, {len(x)}")
    kept = reference(frozen, real, floor)
    pins = {
        "classifier": _write(folder / f"{name}.npz", *weights),
        "reference": _write(folder / f"{name}_reference.npz", **kept),
    }
    for what, sha256 in pins.items():
        print(f'{what}="{sha256}",')


if __name__ == "__main__":
    main()

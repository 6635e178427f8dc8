"""What a training step of a recurrence costs, as ratios measured in turns.

    python -m tests.bench.recurrences [--out=results/recurrences.json]

One layer, forwards and back, on 28x28 pictures, batch 16.  Row LSTM: the loop over the rows
unrolled, as the zoo has it, against a `tf.while_loop`.  Diagonal BiLSTM: only the places that lie
in the picture, as the zoo has it, against all of the skewed map of 28 x 55.
"""

import argparse
import json
import pathlib
import time

import tensorflow as tf

from zoo.autoregressive import diagonal_bilstm, row_lstm
from zoo.networks.initializers import Initializers
from zoo.networks.recurrent import lstm, shifted

BATCH, SIDE, UNITS, TURNS = 16, 28, 32, 8


def rows_in_a_loop(layer, x):
    """`RowLSTM.bare` by a `tf.while_loop`."""
    rows = tf.transpose(layer.input_to_state(x), [1, 0, 2, 3])
    blank = tf.zeros_like(rows[0, :, :, :UNITS])
    first = [blank + layer.first_state[i] for i in range(2)]

    def step(place, hidden, cell, states):
        above = tf.tensordot(shifted(hidden, row_lstm.WIDTH, axis=1), layer.state_to_state, 1)
        hidden, cell = lstm(rows[place] + above, cell)
        return place + 1, hidden, cell, states.write(place, hidden)

    states = tf.TensorArray(tf.float32, SIDE)
    *_, states = tf.while_loop(
        lambda place, *_: place < SIDE, step, (0, *first, states), maximum_iterations=SIDE
    )
    return tf.transpose(states.stack(), [1, 0, 2, 3])


def whole_map(layer, x):
    """`DiagonalBiLSTM.bare` over all places of the skewed map, as the paper draws it."""
    left, right = (conv(x) for conv in layer.input_to_state)
    both = tf.transpose(tf.stack([left, tf.reverse(right, axis=[2])]), [0, 2, 3, 1, 4])
    padded = tf.pad(both, [[0, 0], [0, 0], [0, SIDE], [0, 0], [0, 0]])
    flat = tf.reshape(padded, [2, SIDE * 2 * SIDE, -1, 4 * UNITS])[:, :-SIDE]
    skewed = tf.reshape(flat, [2, SIDE, 2 * SIDE - 1, -1, 4 * UNITS])
    blank = tf.zeros_like(skewed[:, :, 0, :, :UNITS])
    first = [blank + layer.first_state[:, i, None, None, :] for i in range(2)]
    kernels = tf.stack([tf.convert_to_tensor(kernel) for kernel in layer.state_to_state])
    (hidden, cell), states = first, []
    for place, column in enumerate(tf.unstack(skewed, axis=2)):
        above = tf.concat([first[0][:, :1], hidden[:, :-1]], axis=1)
        seen = tf.reshape(tf.concat([hidden, above], axis=-1), [2, -1, 2 * UNITS])
        given = tf.reshape(tf.matmul(seen, kernels), tf.shape(column))
        hidden, cell = lstm(column + given, cell)
        begun = tf.range(SIDE)[:, None, None] <= place
        hidden, cell = (
            tf.where(begun, now, start) for now, start in zip((hidden, cell), first, strict=True)
        )
        states.append(hidden)
    flat = tf.reshape(tf.stack(states, axis=2), [2, SIDE * (2 * SIDE - 1), -1, UNITS])
    padded = tf.pad(flat, [[0, 0], [0, SIDE], [0, 0], [0, 0]])
    states = tf.reshape(padded, [2, SIDE, 2 * SIDE, -1, UNITS])[:, :, :SIDE]
    left, right = tf.unstack(tf.transpose(states, [0, 3, 1, 2, 4]))
    right = tf.reverse(right, axis=[2])
    return left + tf.pad(right, [[0, 0], [1, 0], [0, 0], [0, 0]])[:, :-1]


def gradient_of(layer, function, x, jit_compile):
    """Returns a graph of the gradient of a sum of squares of `function`'s output."""

    @tf.function(autograph=False, jit_compile=jit_compile)
    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(function(x) ** 2)
        # The last two weights widen the output again, after what is timed.
        return [loss, *tape.gradient(loss, layer.trainable_variables[:-2])]

    return gradient


def compared(ours, other, xla):
    """Times two graphs in turns, after checking that they are the same function."""
    graphs = {"ours": ours, "other": other, **xla}
    values = {name: float(graph()[0]) for name, graph in graphs.items()}
    if max(values.values()) - min(values.values()) > 1e-3 * values["ours"]:
        raise SystemExit(f"these are not the same function: {values}")
    best = dict.fromkeys(graphs, float("inf"))
    for _ in range(TURNS):
        for name, graph in graphs.items():
            begun = time.perf_counter()
            graph()
            best[name] = min(best[name], time.perf_counter() - begun)
    return {f"{name} over ours": best[name] / best["ours"] for name in graphs if name != "ours"}


def main():
    """Prints both comparisons, writes the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path)
    out = parser.parse_args().out
    x = tf.random.stateless_normal([BATCH, SIDE, SIDE, 2 * UNITS], (0, 0))
    rows = row_lstm.RowLSTM(UNITS, 1, Initializers(0))
    diagonals = diagonal_bilstm.DiagonalBiLSTM(UNITS, 1, Initializers(0))
    found = {
        "row_lstm, against a while_loop": compared(
            gradient_of(rows, rows.bare, x, False),
            gradient_of(rows, lambda x: rows_in_a_loop(rows, x), x, False),
            {"while_loop under XLA": gradient_of(rows, lambda x: rows_in_a_loop(rows, x), x, True)},
        ),
        "diagonal_bilstm, against the whole skewed map": compared(
            gradient_of(diagonals, diagonals.bare, x, False),
            gradient_of(diagonals, lambda x: whole_map(diagonals, x), x, False),
            {"ours under XLA": gradient_of(diagonals, diagonals.bare, x, True)},
        ),
    }
    for name, ratios in found.items():
        print(f"{name}: " + ", ".join(f"{k} {v:.2f}" for k, v in ratios.items()))
    if out:
        command = f"python -m tests.bench.recurrences --out={out}"
        facts = {"command": command, "batch": BATCH, "side": SIDE, "units": UNITS, "ratios": found}
        out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()

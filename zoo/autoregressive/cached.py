"""The cached sampler: one pixel after another, and no earlier pixel computed again.

The plain sampler (`likelihood`) runs the whole network for each pixel.  Here a pixel costs its own
column of features only, because a network's layers, as their `Steps`, keep what later pixels will
see of earlier ones:

    steps = Steps(layer)
    context, kept = steps.begin(W, B, bias)              what the first row is given from above
    left = steps.before_row(B)                           what its first pixel is given from the left
    features, seen, left = steps.pixel(features, context[column], left)
    context, kept = steps.next_row(row, kept, bias, next_bias)       `row` holds a row's `seen`

`features` are [B, 2h], `context` is [W, B, …], `seen` [B, `steps.seen`] and `row` [W, B,
`steps.seen`], as wide as the layer likes; a `bias` is [W, B, `layer.gates`], or 1 for W and B;
`kept`, a tuple, and `left`, a tensor, are the layer's own.

Everything that a whole row above gives to the next is one matrix product, `next_row`; what is left
for a pixel is a few small ones.  Rows grow by shifting (`pushed`), since TensorFlow Lite has no
arrays to write into inside a loop.  Same noise, same picture as the plain sampler.
"""

import tensorflow as tf


def choose(logits, uniforms, temperature):
    """Draws levels by the inverse of their distribution function.

    Args:
        logits: float32 [B, K], or [B, 1] for the logit of level 1 of two.
        uniforms: float32 [B], in (0, 1).
        temperature: divides the logits; below 1 the likely levels get likelier.

    Returns:
        float32 [B]: whole numbers, 0 to K - 1.
    """
    logits = logits / temperature
    if logits.shape[-1] == 1:
        below = tf.sigmoid(-logits)
    else:
        below = tf.cumsum(tf.nn.softmax(logits), axis=-1)[:, :-1]
    return tf.reduce_sum(tf.cast(uniforms[:, None] >= below, tf.float32), axis=-1)


def pushed(rows, row):
    """Rows [N, …] without the first and with `row` [...] as the last."""
    return tf.concat([rows[1:], row[None]], axis=0)


class Sampler:
    """Draws the pictures of one `PixelNetwork`.

    Args:
        network: the `PixelNetwork`.
        steps: the class of its blocks' steps.
        value: maps a level, float32 [B], to the model's range.
        shape: (height, width) of the pictures.
    """

    def __init__(self, network, steps, value, shape):
        self._network, self._value = network, value
        self._height, self._width = shape
        self._steps = [steps(block) for block in network.blocks]
        self._skips = [skip.affine() for skip in network.skips]
        self._first = network.first.in_row()
        *hidden, last = network.ends
        self._hidden = [layer.affine() for layer in hidden]
        # Of the last layer a color needs its own logits only.
        self._last = tf.split(last.in_row(), network.colors, axis=-1)
        self._last_bias = tf.split(tf.convert_to_tensor(last.bias), network.colors)

    def begin(self, batch, biases=None):
        """Returns the state above the first row.

        Args:
            batch: B, an integer or a scalar.
            biases: `PixelNetwork.condition_biases`, or None.
        """
        above = tf.zeros([3, self._width, batch, self._network.colors])
        now = self._of_row(biases, 0)
        begun = [
            steps.begin(self._width, batch, bias)
            for steps, bias in zip(self._steps, now, strict=True)
        ]
        contexts = [self._network.first.from_above(above), *(context for context, _ in begun)]
        return above, tuple(contexts), tuple(kept for _, kept in begun)

    def row(self, number, state, uniforms, given, erased, temperature, biases=None):
        """Draws one row.

        Args:
            number: of the row, an integer scalar.
            state: from `begin` or the row before.
            uniforms: float32 [W, B, C].
            given: float32 [W, B, C], in the model's range: what stands where nothing is erased.
            erased: bool [W, B, C]: what is drawn.
            temperature: see `choose`.
            biases: as for `begin`.

        Returns:
            (the row, float32 [W, B, C] in the model's range; the next state).
        """
        above, contexts, kept = state
        batch = tf.shape(uniforms)[1] if uniforms.shape[1] is None else uniforms.shape[1]
        sizes = [context.shape[-1] for context in contexts]
        joined = tf.concat(contexts, axis=-1)

        def pixel(column, row, seen, window, lefts):
            drawn, found, window, lefts = self._pixel(
                tf.split(joined[column], sizes, axis=-1), window, lefts,
                uniforms[column], given[column], erased[column], temperature,
            )  # fmt: skip
            return column + 1, pushed(row, drawn), pushed(seen, found), window, lefts

        blank = tf.zeros([self._width, batch, self._network.colors])
        lefts = tuple(steps.before_row(batch) for steps in self._steps)
        window = tf.zeros([batch, self._network.first.side * self._network.colors])
        kinds = [steps.seen for steps in self._steps]
        seen = tf.zeros([self._width, batch, sum(kinds)])
        _, row, seen, _, _ = tf.while_loop(
            lambda column, *_: column < self._width,
            pixel,
            (0, blank, seen, window, lefts),
            maximum_iterations=self._width,
        )
        above = pushed(above, row)
        now = self._of_row(biases, number)
        after = self._of_row(biases, tf.minimum(number + 1, self._height - 1))
        going_on = [
            steps.next_row(part, *rest)
            for steps, part, *rest in zip(
                self._steps, tf.split(seen, kinds, axis=-1), kept, now, after, strict=True
            )
        ]
        contexts = [self._network.first.from_above(above), *(context for context, _ in going_on)]
        return row, (above, tuple(contexts), tuple(kept for _, kept in going_on))

    def picture(self, uniforms, given, erased, biases=None):
        """Draws whole pictures [H, W, B, C]: all arguments as for `row`, with H before W."""

        def row(number, rows, state):
            drawn, state = self.row(
                number, state, uniforms[number], given[number], erased[number], 1.0, biases
            )
            return number + 1, pushed(rows, drawn), state

        batch = tf.shape(uniforms)[2] if uniforms.shape[2] is None else uniforms.shape[2]
        _, rows, _ = tf.while_loop(
            lambda number, *_: number < self._height,
            row,
            (0, tf.zeros_like(uniforms), self.begin(batch, biases)),
            maximum_iterations=self._height,
        )
        return rows

    def _pixel(self, contexts, window, lefts, uniforms, given, erased, temperature):
        """One pixel [B, C], with what of it is kept, and the next pixel's left."""
        own, colors = tf.zeros_like(given), self._network.colors
        drawn = []
        for color in range(colors):
            # A color sees those before it of its own pixel, so the features are computed anew.
            features = tf.matmul(tf.concat([window, own], axis=-1), self._first) + contexts[0]
            found, after, skipped = [], [], 0.0
            for place, steps in enumerate(self._steps):
                features, seen, left = steps.pixel(features, contexts[place + 1], lefts[place])
                found.append(seen)
                after.append(left)
                if self._skips:
                    skipped += self._skips[place](features)
            features = tf.nn.relu(skipped if self._skips else features)
            for hidden in self._hidden:
                features = tf.nn.relu(hidden(features))
            logits = tf.matmul(features, self._last[color]) + self._last_bias[color]
            level = choose(logits, uniforms[:, color], temperature)
            drawn.append(tf.where(erased[:, color], self._value(level), given[:, color]))
            own = tf.stack(drawn + [tf.zeros_like(level)] * (colors - len(drawn)), axis=-1)
        window = tf.concat([window[:, colors:], own], axis=-1)
        return own, tf.concat(found, axis=-1), window, tuple(after)

    def _of_row(self, biases, number):
        """Each block's part of a row's biases, [W, B, gates]; zeros [1, 1, gates] without any."""
        gates = [block.gates for block in self._network.blocks]
        if biases is None:
            return [tf.zeros([1, 1, count]) for count in gates]
        return tf.split(biases[number], gates, axis=-1)

// Walks in latent space on which every point is again a draw of the prior.

const RANGES = { normal: [-3, 3], uniform: [0, 1], symmetric: [-1, 1] };

/** Lowest and highest value of a slider of one latent. */
export function range(prior) {
  return RANGES[prior];
}

/**
 * The point (x, y) of a plane through z that is spanned by two other draws, z itself at (0, 0).
 *
 * A sum of independent normals is divided by its standard deviation; of uniform numbers it is folded
 * back into the range, as a ball bounces between two walls.
 */
export function onPlane(prior, z, [across, up], x, y) {
  if (prior === "normal") {
    const length = Math.hypot(1, x, y);
    return z.map((value, i) => (value + x * across[i] + y * up[i]) / length);
  }
  const [low, high] = RANGES[prior];
  const middle = (low + high) / 2;
  return z.map((value, i) => {
    const moved = value + x * (across[i] - middle) + y * (up[i] - middle) - low;
    const turn = Math.abs(moved) % (2 * (high - low));
    return low + Math.min(turn, 2 * (high - low) - turn);
  });
}

/** Generates pictures of many latents, in batches: a Float32Array for each. */
export async function pictures(generator, points, label) {
  const { batch } = generator;
  const found = [];
  for (let i = 0; i < points.length; i += batch) {
    const part = points.slice(i, i + batch);
    const count = part.length;
    while (part.length < batch) part.push(part[0]);
    const rows = new Float32Array(batch * part[0].length);
    part.forEach((z, row) => rows.set(z, row * z.length));
    const labels = new Int32Array(batch).fill(label ?? 0);
    const images = await generator.call("generate", { latents: rows, label: labels });
    const size = images.length / batch;
    for (let row = 0; row < count; row++) {
      found.push(images.slice(row * size, (row + 1) * size));
    }
  }
  return found;
}

/** The places in z, its first part, that change a picture most from one end of their range to the
 * other. */
export async function strongest(generator, { prior, parts }, z, label, count) {
  const ends = prior === "normal" ? [-2, 2] : RANGES[prior];
  const places = [...Array(parts[0]).keys()];
  const points = places.flatMap((i) => ends.map((end) => z.with(i, end)));
  const drawn = await pictures(generator, points, label);
  const change = (i) =>
    drawn[2 * i].reduce((sum, value, j) => sum + Math.abs(value - drawn[2 * i + 1][j]), 0);
  const changes = places.map((i) => [i, change(i)]);
  return changes.sort((a, b) => b[1] - a[1]).slice(0, count).map(([i]) => i);
}

// A batch of pictures that an autoregressive model draws pixel by pixel, by its `step`s.

/** The drawing of what a mask erases; its `pictures` end as those of `sample` or `complete`. */
export class Drawing {
  /**
   * @param generator a `Generator` with a `step`; `step_small` before it, if it has one, draws a
   *   smaller picture first
   * @param images Float32Array [B, H, W, C], kept where nothing is erased
   * @param mask [H * W], 1 where a pixel is drawn
   * @param seed of the noise
   */
  constructor(generator, images, mask, seed) {
    this.generator = generator;
    this.seed = seed;
    const names = generator.has("step_small") ? ["small", "images"] : ["images"];
    const [, height, width] = generator.shape("step", "images");
    this.stages = names.map((name) => {
      const signature = name === "images" ? "step" : `step_${name}`;
      const shape = generator.shape(signature, name);
      const stride = width / shape[2];
      const kept = [...Array(shape[1] * shape[2]).keys()].map(
        (i) => Math.floor(i / shape[2]) * stride * width + (i % shape[2]) * stride,
      );
      const positions = [...kept.keys()].filter((i) => mask[kept[i]]);
      const pictures = new Float32Array(shape.reduce((a, b) => a * b));
      const [batch, , , colors] = shape;
      for (let b = 0; b < batch; b++) {
        kept.forEach((from, i) => {
          for (let c = 0; c < colors; c++) {
            const value = images[(b * height * width + from) * colors + c];
            pictures[(b * kept.length + i) * colors + c] = mask[from] ? 0 : value;
          }
        });
      }
      return { name, signature, shape, positions, pictures };
    });
    this.done = 0;
    this.total = this.stages.reduce((sum, stage) => sum + stage.positions.length, 0);
  }

  /** The pictures themselves, of the last stage. */
  get pictures() {
    return this.stages.at(-1).pictures;
  }

  /** Draws the next pixel of every picture; false where there is none. */
  async step() {
    if (this.done === this.total) return false;
    const [stage, position] = this.#at(this.done);
    const given = Object.fromEntries(this.stages.map(({ name, pictures }) => [name, pictures]));
    const drawn = await this.generator.call(stage.signature, {
      ...given,
      position: [position],
      seed: [this.seed],
    });
    // Only the pixel: what is kept stays as it is, bit for bit.
    const [batch, height, width, colors] = stage.shape;
    for (let b = 0; b < batch; b++) {
      const start = (b * height * width + position) * colors;
      stage.pictures.set(drawn.subarray(start, start + colors), start);
    }
    this.done += 1;
    return true;
  }

  /**
   * What there was when `count` pixels were drawn.
   *
   * @returns {{images, shape, next}} pixels to come are NaN; `next` is the one that follows
   */
  frame(count) {
    const end = count === this.total;
    const [stage, next] = this.#at(end ? count - 1 : count);
    const { shape, positions } = stage;
    const images = stage.pictures.slice();
    const [batch, height, width, colors] = shape;
    for (const position of end ? [] : positions.slice(positions.indexOf(next))) {
      for (let b = 0; b < batch; b++) {
        const start = (b * height * width + position) * colors;
        images.fill(NaN, start, start + colors);
      }
    }
    return { images, shape, next: end ? -1 : next };
  }

  /** The stage and the position in it of the pixel that is drawn after `count` others. */
  #at(count) {
    for (const stage of this.stages) {
      if (count < stage.positions.length) return [stage, stage.positions[count]];
      count -= stage.positions.length;
    }
    throw new RangeError("no such pixel");
  }
}

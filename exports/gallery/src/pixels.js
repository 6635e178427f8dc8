// The panel that draws pixel by pixel: the whole picture, or what was rubbed out of it.

import { Drawing } from "./drawing.js";
import { eraser } from "./eraser.js";

const DURATION = 3000; // milliseconds that a whole picture takes to appear, at least

const byId = (id) => document.getElementById(id);
const [moment, complete] = ["moment", "complete"].map(byId);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * The panel.
 *
 * `gallery` is the page's state, `act(work)` runs an action in its turn, `show(frame)` paints a frame
 * of a `Drawing`, or the state's own pictures where there is none.
 */
export class Pixels {
  constructor(gallery, act, show) {
    Object.assign(this, { gallery, act, show, drawing: null, generator: null });
    const size = () => (this.generator ? gallery.entry.shape.slice(0, 2) : null);
    eraser(byId("picture"), byId("cursor"), size, (positions) => this.#erase(positions));
    byId("lower").addEventListener("click", () => {
      const [height, width] = size();
      const first = Math.floor(height / 2) * width;
      this.#erase([...Array(height * width - first).keys()].map((i) => first + i));
    });
    byId("keep").addEventListener("click", () => act(() => this.#clear()));
    byId("draw").addEventListener("click", () => {
      const mask = new Uint8Array(gallery.erased.length).fill(1);
      act((current) => this.#draw(mask, "samples", current));
    });
    complete.addEventListener("click", () => {
      act((current) => this.#draw(gallery.erased, "completions", current));
    });
    moment.addEventListener("input", () => {
      if (this.drawing) act(() => show(this.drawing.frame(Number(moment.value))));
    });
  }

  /** Begins with a model's samples, or ends where `generator` is null. */
  begin(generator) {
    this.generator = generator;
    this.drawing = null;
    this.#slide(1, 1);
    this.#clear();
  }

  #slide(value, total) {
    moment.max = total;
    moment.value = value;
    moment.disabled = !this.drawing;
  }

  #clear() {
    const [height, width] = this.gallery.entry.shape;
    this.gallery.erased = new Uint8Array(height * width);
    complete.disabled = true;
    this.show();
  }

  #erase(positions) {
    this.act(() => {
      for (const position of positions) this.gallery.erased[position] = 1;
      complete.disabled = false;
      this.show();
    });
  }

  // Draws what `mask` erases of the chosen picture, once for each of the batch.
  async #draw(mask, what, current) {
    const { gallery, generator } = this;
    const images = new Float32Array(gallery.pictures.length);
    for (let b = 0; b < generator.batch; b++) images.set(gallery.picture, b * gallery.picture.length);
    const drawing = new Drawing(generator, images, mask, gallery.seed);
    this.drawing = drawing;
    while (current() && (await drawing.step())) {
      if (calm.matches) continue;
      this.show(drawing.frame(drawing.done));
      this.#slide(drawing.done, drawing.total);
      await pause(Math.min(60, DURATION / drawing.total));
    }
    if (drawing.done < drawing.total) {
      this.drawing = null; // another action came between
      this.#slide(1, 1);
      return;
    }
    Object.assign(gallery, { pictures: drawing.pictures.slice(), what });
    gallery.choose(gallery.chosen);
    this.#slide(drawing.total, drawing.total);
    this.#clear();
  }
}

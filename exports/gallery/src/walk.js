// The panel that walks in latent space: a plane to drag over, and a slider for some latents.

import { onPlane, pictures, range, strongest } from "./latents.js";
import { show } from "./faces.js";

const CELLS = 7; // pictures on a side of the map
const LINES = 2; // lines of text across it
const REACH = 3; // the plane’s coordinates go from -3 to 3
const SLIDERS = 6;

const byId = (id) => document.getElementById(id);
const [pad, map, here, across, up, sliders] = ["pad", "map", "here", "across", "up", "latents"].map(byId);

/** The panel; `moved` is called with the latents whenever they change. */
export class Walk {
  constructor(moved) {
    this.moved = moved;
    across.addEventListener("input", () => this.#move());
    up.addEventListener("input", () => this.#move());
    byId("back").addEventListener("click", () => this.#reset());
    const drag = (event) => {
      const box = pad.getBoundingClientRect();
      across.value = ((event.clientX - box.left) / box.width - 0.5) * 2 * REACH;
      up.value = (0.5 - (event.clientY - box.top) / box.height) * 2 * REACH;
      this.#move();
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      drag(event);
    });
    pad.addEventListener("pointermove", (event) => {
      if (pad.hasPointerCapture(event.pointerId)) drag(event);
    });
  }

  /**
   * Begins at a sample.
   *
   * @param generator its model
   * @param entry the model's line of the catalog
   * @param all the latents of the whole batch; two others than the chosen span the plane
   * @param chosen number of the sample
   * @param label its class, or undefined
   */
  async begin(generator, entry, all, chosen, label) {
    this.entry = entry;
    this.z = all[chosen];
    this.others = [1, 2].map((step) => all[(chosen + step) % all.length]);
    this.columns = entry.symbols ? LINES : CELLS;
    const axis = (count) => [...Array(count).keys()].map((i) => ((2 * i + 1) / count - 1) * REACH);
    const [xs, ys] = [axis(this.columns), axis(CELLS).toReversed()];
    const points = ys.flatMap((y) => xs.map((x) => this.#point(x, y)));
    this.cells = await pictures(generator, points, label);
    const found = await strongest(generator, entry, this.z, label, SLIDERS);
    sliders.replaceChildren(...found.flatMap((index) => this.#slider(index)));
    this.repaint();
    this.#place(0, 0);
  }

  /** Paints the map again, in the colors of today's theme. */
  repaint() {
    if (this.cells) show(map, this.cells, this.entry, { columns: this.columns });
  }

  #point(x, y) {
    return onPlane(this.entry.prior, this.z, this.others, x, y);
  }

  #slider(index) {
    const [low, high] = range(this.entry.prior);
    const input = Object.assign(document.createElement("input"), {
      type: "range", id: `latent-${index}`, min: low, max: high, step: (high - low) / 600,
    });
    input.addEventListener("input", () => {
      this.changed.set(index, Number(input.value));
      this.#tell();
    });
    const label = Object.assign(document.createElement("label"), {
      htmlFor: input.id, textContent: `z${String.fromCharCode(8239)}${index + 1}`,
    });
    return [label, input];
  }

  #reset() {
    this.#place(0, 0);
    this.#tell();
  }

  #move() {
    this.#place(Number(across.value), Number(up.value));
    this.#tell();
  }

  // A point of the plane; the sliders follow.
  #place(x, y) {
    this.changed = new Map();
    [across.value, up.value] = [x, y];
    here.style.left = `${50 + (50 * Number(across.value)) / REACH}%`;
    here.style.top = `${50 - (50 * Number(up.value)) / REACH}%`;
    const z = this.#current();
    for (const input of sliders.querySelectorAll("input")) {
      input.value = z[Number(input.id.slice("latent-".length))];
    }
  }

  #current() {
    const z = this.#point(Number(across.value), Number(up.value));
    for (const [index, value] of this.changed) z[index] = value;
    return z;
  }

  #tell() {
    this.moved(this.#current());
  }
}

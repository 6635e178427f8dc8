// What is drawn, on a canvas: pictures are painted, lines of text written.

import { write } from "./lines.js";
import { paint } from "./paint.js";

/**
 * Shows examples of a model.
 *
 * @param canvas where
 * @param examples an array of Float32Arrays, each of `shape`
 * @param entry the model’s line of the catalog
 * @param how `shape` of smaller pictures than the model’s, `columns` of several, and the position of
 *   a pixel that is `marked`
 */
export function show(canvas, examples, entry, { shape = entry.shape, columns = 1, marked = -1 } = {}) {
  if (entry.symbols) write(canvas, examples, shape, columns, entry.symbols);
  else paint(canvas, examples, shape, columns, marked);
}

// Lines of text: read from the probabilities of their symbols, and written on canvases.

import { colors } from "./paint.js";

const SIZE = 40; // of the font, in canvas pixels
const ADVANCE = 0.62; // of a symbol, in sizes

/** Reads probabilities [L, S] by the likeliest symbol of each place, without the blanks at the end. */
export function read(probabilities, [length, count], symbols) {
  const alphabet = [...symbols]; // code points
  const line = Array.from({ length }, (_, place) => {
    const likely = probabilities.subarray(place * count, (place + 1) * count);
    return alphabet[likely.indexOf(Math.max(...likely))];
  });
  return line.join("").replace(/ +$/, "");
}

/**
 * Writes lines, several on a square.
 *
 * @param canvas where; one line is its label too
 * @param examples an array of Float32Arrays [L, S]
 * @param shape [L, S]
 * @param columns lines in a row
 * @param symbols the alphabet, the blank first
 */
export function write(canvas, examples, shape, columns, symbols) {
  const lines = examples.map((example) => read(example, shape, symbols));
  const width = Math.ceil(shape[0] * ADVANCE * SIZE);
  const rows = Math.ceil(lines.length / columns);
  canvas.width = columns * width;
  canvas.height = rows > 1 ? canvas.width : 2 * SIZE;
  const context = canvas.getContext("2d");
  context.font = `${SIZE}px ui-monospace, monospace`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = `rgb(${colors().ink.slice(0, 3)})`;
  lines.forEach((line, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    context.fillText(line, (column + 0.5) * width, ((row + 0.5) * canvas.height) / rows, width);
  });
  if (lines.length === 1) canvas.setAttribute("aria-label", lines[0] || "an empty line");
}

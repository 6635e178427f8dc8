// Pictures on canvases, one canvas pixel each; the style sheet enlarges them.

/** The page's colors: gray pictures are ink on paper in both themes. */
export function colors() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) =>
    style.getPropertyValue(name).trim().match(/[\da-f]{2}/gi).map((part) => parseInt(part, 16));
  return { paper: read("--paper"), ink: read("--ink"), blank: read("--blank"), mark: read("--mark") };
}

/**
 * Paints pictures side by side.
 *
 * @param canvas where
 * @param images an array of Float32Arrays [H, W, C] in [0, 1]; NaN is a pixel to come
 * @param shape [H, W, C]
 * @param columns pictures in a row, a quarter of their width apart
 * @param marked position of a pixel that is marked in each, or -1
 */
export function paint(canvas, images, [height, width, depth], columns = 1, marked = -1) {
  const { paper, ink, blank, mark } = colors();
  const gap = columns > 1 ? Math.floor(width / 4) : 0;
  canvas.width = columns * (width + gap);
  canvas.height = Math.ceil(images.length / columns) * (height + gap);
  const context = canvas.getContext("2d");
  const data = context.createImageData(width, height);
  images.forEach((image, number) => {
    for (let i = 0; i < height * width; i++) {
      const value = image.subarray(i * depth, (i + 1) * depth);
      let color = blank;
      if (i === marked) color = mark;
      else if (depth === 3 && !Number.isNaN(value[0])) color = value.map((v) => 255 * v);
      else if (!Number.isNaN(value[0])) {
        color = paper.map((part, j) => part + value[0] * (ink[j] - part));
      }
      data.data.set([...color.slice(0, 3), 255], i * 4);
    }
    context.putImageData(
      data,
      (number % columns) * (width + gap) + gap / 2,
      Math.floor(number / columns) * (height + gap) + gap / 2,
    );
  });
}

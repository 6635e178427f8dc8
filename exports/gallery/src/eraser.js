// Erases pixels of a picture by pointer or by keys.

/**
 * Makes a canvas erasable.
 *
 * @param canvas over which the pointer erases; with the keyboard arrows move and space erases
 * @param cursor an element that is put over the keyboard's pixel
 * @param size () -> [height, width], or null while nothing can be erased
 * @param erase called with the positions of pixels
 */
export function eraser(canvas, cursor, size, erase) {
  let at = [0, 0];
  let last = null;

  function brush([row, column]) {
    const [height, width] = size();
    const radius = Math.floor(width / 16); // a pixel of 8x8, three of 28x28
    const positions = [];
    for (let y = row - radius; y <= row + radius; y++) {
      for (let x = column - radius; x <= column + radius; x++) {
        if (y >= 0 && y < height && x >= 0 && x < width) positions.push(y * width + x);
      }
    }
    return positions;
  }

  function under(event) {
    const [height, width] = size();
    const box = canvas.getBoundingClientRect();
    const part = (value, count) => Math.max(0, Math.min(count - 1, Math.floor(value * count)));
    return [
      part((event.clientY - box.top) / box.height, height),
      part((event.clientX - box.left) / box.width, width),
    ];
  }

  // A quick stroke skips pixels between two events.
  function stroke(event) {
    const to = under(event);
    const from = last ?? to;
    const steps = Math.max(1, Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
    const positions = new Set();
    for (let i = 0; i <= steps; i++) {
      const point = [0, 1].map((axis) => Math.round(from[axis] + ((to[axis] - from[axis]) * i) / steps));
      for (const position of brush(point)) positions.add(position);
    }
    last = to;
    erase([...positions]);
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (!size()) return;
    canvas.setPointerCapture(event.pointerId);
    last = null;
    stroke(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (size() && canvas.hasPointerCapture(event.pointerId)) stroke(event);
  });

  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  function show() {
    const [height, width] = size() ?? [1, 1];
    cursor.hidden = !size() || !canvas.matches(":focus-visible");
    cursor.style.inset = "auto";
    cursor.style.top = `${(100 * at[0]) / height}%`;
    cursor.style.left = `${(100 * at[1]) / width}%`;
    cursor.style.height = `${100 / height}%`;
    cursor.style.width = `${100 / width}%`;
  }
  canvas.addEventListener("keydown", (event) => {
    if (!size()) return;
    if (event.key in MOVES) {
      at = at.map((value, axis) => {
        return Math.max(0, Math.min(size()[axis] - 1, value + MOVES[event.key][axis]));
      });
    } else if (event.key === " ") {
      erase(brush(at));
    } else return;
    event.preventDefault();
    show();
  });
  canvas.addEventListener("focus", show);
  canvas.addEventListener("blur", show);
}

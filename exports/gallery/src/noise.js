// The latents that a seed stands for: the counter-based generator of zoo/noise.py.

const GOLDEN = 0x9e3779b9;
const START = [0x243f6a88, 0x85a308d3];
const SAMPLING = 2; // the purpose; step is 0

function mix(word) {
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
  return word ^ (word >>> 15);
}

function absorb([first, second], key) {
  first = mix((first + Math.imul(key, GOLDEN)) | 0);
  return [first, mix(((second ^ first) + GOLDEN) | 0)];
}

function uniforms(seed, draw, example, count) {
  const [first, second] = [seed, SAMPLING, 0, draw, example].reduce(absorb, START);
  return Array.from({ length: count }, (_, element) => {
    const word = mix(mix((Math.imul(element, GOLDEN) + first) | 0) ^ second);
    return ((word >>> 9) + 0.5) * 2 ** -23;
  });
}

/** Returns z of one example, a Float32Array, as `sample` draws it: each part of it is a draw. */
export function latents(prior, parts, seed, example) {
  const drawn = parts.map((size, draw) => [...part(prior, seed, draw, example, size)]);
  return Float32Array.from(drawn.flat());
}

function part(prior, seed, draw, example, size) {
  if (prior !== "normal") {
    const drawn = uniforms(seed, draw, example, size);
    return Float32Array.from(drawn, prior === "uniform" ? (u) => u : (u) => 2 * u - 1);
  }
  const half = Math.ceil(size / 2);
  const drawn = uniforms(seed, draw, example, 2 * half);
  const z = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const radius = Math.sqrt(-2 * Math.log(drawn[i % half]));
    const angle = 2 * Math.PI * drawn[half + (i % half)];
    z[i] = radius * (i < half ? Math.cos(angle) : Math.sin(angle));
  }
  return z;
}

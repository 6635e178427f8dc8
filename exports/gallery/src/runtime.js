// LiteRT's WebAssembly runtime and the generators that it runs, on the CPU and in one thread.

import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";

// A module of one function that uses 128-bit SIMD, which the runtime needs.
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11,
]);

/** Returns a sentence that says why this browser cannot run the page, or an empty one. */
export function whatIsMissing() {
  if (typeof WebAssembly !== "object") {
    return "This browser has no WebAssembly (or it is switched off), so it cannot run the models.";
  }
  if (!WebAssembly.validate(SIMD)) {
    return "This browser’s WebAssembly has no SIMD, so it cannot run the models.";
  }
  return "";
}

/** Loads the runtime; once, before any `load`. */
export async function start() {
  // The runtime tells its progress as errors.
  const told = (line) => (/^(INFO|WARNING|VERBOSE)/.test(line) ? console.debug : console.error)(line);
  self.Module = { print: console.debug, printErr: told };
  await loadLiteRt(new URL("../runtime/wasm/", import.meta.url).href);
}

/** Loads a TensorFlow Lite file and returns its `Generator`. */
export async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} is not there (${response.status}).`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return new Generator(await loadAndCompile(bytes, { accelerator: "wasm" }));
}

/** The signatures of one file, whose batch is fixed. */
class Generator {
  constructor(model) {
    this.signatures = model.signatures;
    this.batch = this.shape("generate", "latents")[0];
  }

  /** Whether there is a signature of this name. */
  has(name) {
    return name in this.signatures;
  }

  /** The shape of an input of a signature. */
  shape(signature, input) {
    const details = this.signatures[signature].getInputDetails();
    return [...details.find(({ name }) => name === input).shape];
  }

  /**
   * Runs a signature.
   *
   * @param name of the signature
   * @param values input name -> array of numbers; inputs that the signature lacks are left out
   * @returns its output, a Float32Array; of text the probabilities, not the codes beside them
   */
  async call(name, values) {
    const signature = this.signatures[name];
    const inputs = {};
    for (const { name: input, dtype, shape } of signature.getInputDetails()) {
      const kind = dtype === "int32" ? Int32Array : Float32Array;
      inputs[input] = new Tensor(kind.from(values[input]), [...shape]);
    }
    try {
      const outputs = await signature.run(inputs);
      const numbers = Float32Array.from(await (outputs.text ?? Object.values(outputs)[0]).data());
      for (const tensor of Object.values(outputs)) tensor.delete();
      return numbers;
    } finally {
      for (const tensor of Object.values(inputs)) tensor.delete();
    }
  }
}

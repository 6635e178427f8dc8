// The page: the catalog, a seed, a class, the samples and the chosen one.
//
// `window.gallery` is its state, for tests and the curious:
//   entry     the model's line of catalog.json
//   seed, label    what is drawn; `label` is null where each class comes in turn
//   pictures  Float32Array of the batch, each [H, W, C] in [0, 1], or [L, S] of text; `what` they are
//   chosen, picture    the number of the chosen one, and it as it stands after a walk
//   latents   the z of each sample, and of the chosen picture `z` (none of a model of pixels)
//   erased    [H * W], 1 where a pixel of the picture was rubbed out
//   idle      a promise of the end of what was asked for so far

import { latents } from "./noise.js";
import { pictures } from "./latents.js";
import { show as face } from "./faces.js";
import { Pixels } from "./pixels.js";
import { load, start, whatIsMissing } from "./runtime.js";
import { Walk } from "./walk.js";

const ARXIV = /^\d{4}\.\d{4,5}$/;
const of = (paper) => (ARXIV.test(paper) ? `arXiv:${paper}` : paper);
const year = (paper) => (ARXIV.test(paper) ? `20${paper.slice(0, 2)}` : paper.match(/\d{4}/)?.[0] ?? "");
const byId = (id) => document.getElementById(id);
const generators = new Map(); // by file; small enough to keep
const gallery = { catalog: [], seed: 7, label: null, chosen: 0, idle: Promise.resolve(), choose };
window.gallery = gallery;
let generator = null;
let turn = 0;

// One action after another; one that takes long ends when `current()` is false.
function act(work) {
  const mine = ++turn;
  gallery.idle = gallery.idle.then(() => work(() => mine === turn)).catch(failed);
}

function failed(error) {
  console.error(error);
  byId("status").textContent = `Something went wrong: ${error.message}`;
}

const walk = new Walk((z) =>
  act(async () => {
    gallery.z = z;
    [gallery.picture] = await pictures(generator, [z], labels()[gallery.chosen]);
    show();
  }),
);
const pixels = new Pixels(gallery, act, show);

// The class of each sample; in turn where none is asked for, as `zoo.load(…).sample` has it.
function labels() {
  const { entry, label } = gallery;
  return Array.from({ length: generator.batch }, (_, i) => label ?? i % (entry.names.length || 1));
}

// Paints a frame of a drawing, or the pictures as they are.
function show(frame = null) {
  const { images, shape, next } = frame ?? {
    images: gallery.pictures,
    shape: [generator.batch, ...gallery.entry.shape],
    next: -1,
  };
  const [count, ...one] = shape;
  const size = one.reduce((a, b) => a * b);
  byId("grid").querySelectorAll("canvas").forEach((canvas, i) => {
    const example = images.subarray(i * size, (i + 1) * size);
    if (i < count) face(canvas, [example], gallery.entry, { shape: one, marked: next });
  });
  const start = gallery.chosen * size;
  const large = frame ? images.slice(start, start + size) : gallery.picture.slice();
  if (!frame && gallery.entry.pixelwise) {
    const depth = one[2];
    gallery.erased.forEach((gone, i) => gone && large.fill(NaN, i * depth, (i + 1) * depth));
  }
  face(byId("picture"), [large], gallery.entry, { shape: one, marked: next });
  byId("samples-title").textContent = `${count} ${gallery.what}`;
}

function choose(number) {
  const size = gallery.pictures.length / generator.batch;
  gallery.chosen = number;
  gallery.picture = gallery.pictures.slice(number * size, (number + 1) * size);
  gallery.z = gallery.latents?.[number];
}

async function begin() {
  if (gallery.entry.pixelwise) return pixels.begin(generator);
  const label = gallery.entry.conditional ? labels()[gallery.chosen] : undefined;
  await walk.begin(generator, gallery.entry, gallery.latents, gallery.chosen, label);
  return show();
}

async function sample() {
  const { entry, seed } = gallery;
  const images = await generator.call("sample", { seed: [seed], label: labels() });
  Object.assign(gallery, { pictures: images, what: "samples" });
  const example = (_, i) => latents(entry.prior, entry.parts, seed, i);
  gallery.latents = entry.pixelwise ? null : Array.from({ length: generator.batch }, example);
  choose(gallery.chosen % generator.batch);
  await begin();
}

async function open(entry) {
  byId("status").textContent = `Loading ${entry.name} (${Math.ceil(entry.bytes / 1024)} KB) …`;
  if (!generators.has(entry.file)) generators.set(entry.file, await load(entry.file));
  generator = generators.get(entry.file);
  Object.assign(gallery, { entry, label: null });
  document.body.classList.toggle("erasable", entry.pixelwise);
  document.body.classList.toggle("written", Boolean(entry.symbols));
  byId("walk").hidden = entry.pixelwise;
  byId("pixels").hidden = !entry.pixelwise;
  const picture = byId("picture");
  picture.tabIndex = entry.pixelwise ? 0 : -1;
  picture.setAttribute("aria-label", "The chosen picture");
  picture.setAttribute("role", entry.pixelwise ? "application" : "img");
  picture.setAttribute("aria-describedby", entry.pixelwise ? "how" : "about");
  pixels.generator = null;
  byId("title").textContent = entry.title;
  const paper = Object.assign(document.createElement("a"), {
    href: entry.link, textContent: of(entry.paper), rel: "noreferrer",
  });
  const trained = `. ${entry.steps.toLocaleString("en")} training steps on ${entry.dataset}.`;
  byId("about").replaceChildren(paper, trained);
  offerClasses(entry);
  radios(byId("grid"), "sample", generator.batch, gallery.chosen, (label, i) => {
    label.append(document.createElement("canvas"));
    label.firstChild.setAttribute("aria-label", `sample ${i + 1}`);
  }, (i) => act(async () => { choose(i); await begin(); }));
  await sample();
  byId("gallery").hidden = false;
  byId("status").textContent = "";
}

function offerClasses(entry) {
  byId("classes").hidden = !entry.conditional;
  const words = ["each in turn", ...entry.names];
  radios(byId("classes"), "class", entry.conditional ? words.length : 0, 0, (label, i) => {
    label.append(words[i]);
  }, (i) => act(async () => { gallery.label = i ? i - 1 : null; await sample(); }));
}

// Fills a fieldset with `count` radio buttons; `fill(label, i)` gives each its face.
function radios(fieldset, name, count, checked, fill, chosen) {
  const legend = fieldset.querySelector("legend");
  const labels = Array.from({ length: count }, (_, i) => {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), {
      type: "radio", name, value: i, checked: i === checked,
    });
    input.addEventListener("change", () => chosen(i));
    label.append(input);
    fill(label, i);
    return label;
  });
  fieldset.replaceChildren(legend, ...labels);
}

async function main() {
  const missing = whatIsMissing();
  if (missing) {
    byId("status").hidden = true;
    byId("cannot").textContent = `${missing} A current Chrome, Edge, Firefox or Safari can.`;
    byId("cannot").hidden = false;
    return;
  }
  gallery.catalog = await (await fetch("catalog.json")).json();
  radios(byId("catalog"), "model", gallery.catalog.length, 0, (label, i) => {
    const { name, title, paper } = gallery.catalog[i];
    for (const [tag, text] of [["b", name], ["span", title], ["small", year(paper)]]) {
      label.append(Object.assign(document.createElement(tag), { textContent: text }));
    }
  }, (i) => {
    byId("catalog").querySelectorAll("label")[i].scrollIntoView({ block: "nearest", inline: "center" });
    act(() => open(gallery.catalog[i]));
  });
  const seed = byId("seed");
  const drawn = () => {
    if (!seed.checkValidity() || seed.value === "") return;
    gallery.seed = Number(seed.value);
    act(sample);
  };
  seed.addEventListener("input", drawn);
  byId("next").addEventListener("click", () => {
    seed.value = (Number(seed.value) + 1) | 0;
    drawn();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    act(() => { show(); walk.repaint(); });
  });
  byId("status").textContent = "Loading LiteRT (9 MB) …";
  await start();
  await open(gallery.catalog[0]);
}

gallery.idle = main().catch(failed);

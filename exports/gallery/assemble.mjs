// Assembles the page: node assemble.mjs [EXPORTS] [DIST]
//
// Copies the page, LiteRT's runtime and of each export's newest version one TensorFlow Lite file,
// and writes catalog.json, which tells the page what there is. An export that the page cannot show is
// named and left off.

import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const PAGE = ["index.html", "gallery.css", "src"];
const RUNTIME = ["@litertjs/core/dist/index.js", "@litertjs/wasm-utils/dist/index.js"];
// The page needs neither threads, for which a server must send headers, nor a GPU.
const WASM = ["litert_wasm_internal", "litert_wasm_compat_internal"];
const LICENSE = "@litertjs/core/package.json"; // names the license and the repository
const MODEL = "model_batch16.tflite"; // the runtime takes no file whose batch may vary
const FORMAT = 2; // of facts.json: see zoo/exporting/facts.py

const exportsFolder = resolve(process.argv[2] ?? join(HERE, ".."));
const dist = resolve(process.argv[3] ?? join(HERE, "dist"));

async function exists(path) {
  return stat(path).then(() => true, () => false);
}

async function newestVersion(folder) {
  const numbers = (await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number);
  return numbers.length ? String(Math.max(...numbers)) : null;
}

// What the page shows of an export, or a sentence that says why it cannot.
async function described(name) {
  const version = await newestVersion(join(exportsFolder, name));
  if (version === null) return null; // no export: the page's own folder, say
  const folder = join(exportsFolder, name, version);
  const extra = join(folder, "assets.extra");
  if (!(await exists(join(folder, MODEL)))) return `it has no ${MODEL}: export its run again`;
  const facts = JSON.parse(await readFile(join(extra, "facts.json"), "utf8"));
  const spec = facts.data_spec;
  if (facts.format !== FORMAT) return `it is of format ${facts.format}: export its run again`;
  const kinds = new Set(facts.prior.map(([kind]) => (kind === "dropout" ? "uniform" : kind)));
  if (kinds.size !== 1 || kinds.has("categorical")) return "its latent has parts of several kinds";
  const lines = spec.shape.length === 2 && Boolean(spec.symbols);
  if (spec.shape.length !== 3 && !lines) return "it draws neither pictures nor lines of text";
  if (!["none", "label"].includes(spec.condition)) return `it draws given a ${spec.condition}`;
  const card = await readFile(join(extra, "card.md"), "utf8");
  const told = card.match(/^(.+) \(\[([^\]]+)\]\((\S+)\)\), (\d+) training steps\.$/m);
  if (!told) return "its card does not say what it is";
  return {
    name,
    title: told[1],
    paper: told[2],
    link: told[3],
    steps: Number(told[4]),
    dataset: spec.name,
    shape: spec.shape,
    symbols: lines ? spec.symbols : "",
    names: spec.names,
    conditional: spec.condition === "label",
    prior: [...kinds][0],
    parts: facts.prior.map(([, width]) => width), // z first
    pixelwise: facts.pixelwise,
    file: `models/${name}/${version}/${MODEL}`,
    bytes: (await stat(join(folder, MODEL))).size,
  };
}

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "runtime", "wasm"), { recursive: true });
for (const part of PAGE) await cp(join(HERE, part), join(dist, part), { recursive: true });
const packages = join(HERE, "node_modules");
for (const file of [...RUNTIME, LICENSE]) {
  await cp(join(packages, file), join(dist, "runtime", file.replace("/dist", "")));
}
for (const name of WASM) {
  for (const end of [".js", ".wasm"]) {
    const file = name + end;
    await cp(join(packages, "@litertjs/core/wasm", file), join(dist, "runtime", "wasm", file));
  }
}

const catalog = [];
for (const entry of (await readdir(exportsFolder, { withFileTypes: true }))) {
  if (!entry.isDirectory() || entry.name === "gallery") continue;
  const found = await described(entry.name);
  if (typeof found === "string") console.log(`${entry.name} is left off: ${found}.`);
  else if (found) {
    const [, , version] = found.file.split("/");
    await cp(join(exportsFolder, entry.name, version, MODEL), join(dist, found.file));
    catalog.push(found);
  }
}
if (!catalog.length) {
  console.error(`${exportsFolder} holds no export that the page can show: run make release first.`);
  process.exit(1);
}
// In the order of their papers.
catalog.sort((a, b) => a.paper.localeCompare(b.paper) || a.name.localeCompare(b.name));
await writeFile(join(dist, "catalog.json"), JSON.stringify(catalog, null, 2) + "\n");
console.log(`${dist}: ${catalog.map((entry) => entry.name).join(", ")}`);

"use strict";
/**
 * Turns a TypeScript entry point into one JavaScript file, once per change of its sources, and gives that file's path.
 *
 * Types are not checked here (`npm run check` does that). A bundle is kept below node_modules/.cache, so that a second
 * start costs a few `stat` calls. It is plain JavaScript because it has to run before anything is compiled.
 */
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { problem } = require("./dependencies-lock.cjs");

const root = path.resolve(__dirname, "../..");
const cache = path.join(root, "node_modules", ".cache", "pgstead");
// Checkouts may share one node_modules by a link: their bundles differ.
const key = crypto.createHash("sha256").update(root).digest("hex").slice(0, 8);

/**
 * @param {string} entry path of a TypeScript file, relative to the project
 * @param {{ selfContained?: boolean, outfile?: string }} [options] selfContained: npm dependencies go into the file
 * as well, for a faster start and for a copy that runs elsewhere; outfile: where to write, instead of the cache
 * @returns {string} path of the JavaScript file
 */
function bundle(entry, options = {}) {
  const target = options.outfile ?? path.join(cache, `${entry.replace(/[^a-z0-9]+/gi, "-")}-${key}.cjs`);
  const record = options.outfile === undefined ? `${target}.inputs.json` : undefined;
  if (record !== undefined && isFresh(target, record)) return target;
  const esbuild = require("esbuild");
  const { metafile, outputFiles } = esbuild.buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    packages: options.selfContained ? "bundle" : "external",
    // Compiled parts are for one machine; the packages that have some do without. PostgreSQL's parser reads its
    // WebAssembly from beside its own file, and is loaded by what needs it alone.
    external: ["pg-native", "*.node", "libpg-query"],
    sourcemap: options.selfContained ? false : "inline",
    metafile: true,
    write: false,
    outfile: target,
    logLevel: "warning",
    // Says where the project is: after bundling, __dirname is the cache's.
    define: { "process.env.PGSTEAD_PROJECT": JSON.stringify(root) },
  });
  replace(target, outputFiles[0].contents);
  if (record !== undefined) {
    replace(record, JSON.stringify(stamps(Object.keys(metafile.inputs))));
    prune();
  }
  return target;
}

/** Removes what nobody has used for a day: bundles of checkouts that are gone, drafts of builds that were killed. */
function prune() {
  const dayAgo = Date.now() - 86_400_000;
  for (const name of fs.readdirSync(cache)) {
    const file = path.join(cache, name);
    if (name.includes(`-${key}.cjs`) && !/\.\d+\.[0-9a-f]+$/.test(name)) continue;
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat !== undefined && stat.atimeMs < dayAgo && stat.mtimeMs < dayAgo)
      fs.rmSync(file, { force: true });
  }
}

function isFresh(target, record) {
  try {
    fs.accessSync(target);
    const inputs = JSON.parse(fs.readFileSync(record, "utf8"));
    return Object.entries(inputs).every(([file, stamp]) => stampOf(file) === stamp);
  } catch {
    return false; // never built, or interrupted: build it
  }
}

function stamps(files) {
  return Object.fromEntries(files.map((file) => [file, stampOf(file)]));
}

function stampOf(file) {
  const { mtimeMs, size } = fs.statSync(path.resolve(root, file));
  return `${mtimeMs}:${size}`;
}

/** Replaces a file as a whole: a process that starts at the same time sees the old one or the new one. */
function replace(file, contents) {
  const draft = `${file}.${process.pid}.${crypto.randomBytes(4).toString("hex")}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(draft, contents);
    fs.renameSync(draft, file);
  } catch (error) {
    throw problem(
      `the sources of this checkout cannot be compiled: ${error.message}`,
      "this account has to be able to write below the checkout's node_modules; free space, or mend the permissions.",
    );
  }
}

module.exports = { bundle, root };

"use strict";
const { spawn } = require("node:child_process");
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { lockInstall, problem } = require("./dependencies-lock.cjs");

const root = path.resolve(__dirname, "../..");
const lockFile = path.join(root, "package-lock.json");
const modules = path.join(root, "node_modules");
const marker = path.join(modules, ".pgstead-lock");

/** Installs the locked npm dependencies unless the last complete install was of the same lock file. */
async function ensureDependencies() {
  assertNode();
  if (isInstalled()) return;
  const lock = await lockInstall(root, isInstalled);
  try {
    if (!isInstalled()) await install(lock.keepFor); // not made by another run while this one waited
  } finally {
    lock.release();
  }
}

async function install(onStart) {
  assertWritable();
  console.error("pgstead: installing npm dependencies (once per change of package-lock.json) …");
  const wanted = wantedMark();
  const started = Date.now();
  const failure = await npmCi(onStart);
  if (failure !== undefined) {
    const hint = failure.endsWith("ENOENT")
      ? "npm comes with Node: is it on PATH? Install it (`npm --version` tells), then run the command again."
      : "is the npm registry reachable from here? Try `npm ping`, then run the command again.";
    throw problem(`\`npm ci\` failed (${failure}).`, hint);
  }
  fs.writeFileSync(marker, wanted);
  console.error(`pgstead: dependencies installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** npm itself reports a read-only disk as a missing file, and empties what a link leads to. */
function assertWritable() {
  if (fs.lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw problem(
      `the npm packages in ${modules} are those of another checkout, by a link, and of another package-lock.json`,
      `install them there (\`npm ci\` in ${path.dirname(fs.realpathSync(modules))}), or remove the link.`,
    );
  }
  try {
    fs.accessSync(root, fs.constants.W_OK);
  } catch (error) {
    throw problem(
      `the npm packages cannot be installed in ${root}: ${error.message}`,
      "mend the permissions of the checkout, or clone it to a place that this account may write to.",
    );
  }
}

/** Undefined, or how it failed. */
function npmCi(onStart) {
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  return new Promise((resolve) => {
    const child = spawn(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: root,
      stdio: ["ignore", 2, 2],
      // `npm start` hands its own settings on as npm_config_*; those of another command must not change this install.
      env: withoutNpmSettings(process.env),
    });
    if (child.pid !== undefined) onStart(child.pid);
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
}

function isInstalled() {
  try {
    return fs.readFileSync(marker, "utf8") === wantedMark();
  } catch (error) {
    if (error.path !== marker) throw error;
    return false; // never installed, or `npm ci` was interrupted: it empties node_modules first
  }
}

function wantedMark() {
  return crypto.createHash("sha256").update(fs.readFileSync(lockFile)).digest("hex");
}

function isNodeNewEnough() {
  const [major = 0] = process.versions.node.split(".").map(Number);
  return major >= 20;
}

function assertNode() {
  if (isNodeNewEnough()) return;
  throw problem(
    `Node ${process.versions.node} is too old: 20 or newer is needed.`,
    "install a current Node, then run the command again.",
  );
}

function withoutNpmSettings(env) {
  const dropped =
    /^npm_(config_(?:production|omit|include|ignore_scripts|dry_run|json|silent)|lifecycle|package)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !dropped.test(name)));
}

module.exports = { ensureDependencies, isInstalled, isNodeNewEnough, modules };

"use strict";
const { spawnSync } = require("node:child_process");
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const root = path.resolve(__dirname, "../..");
const lockFile = path.join(root, "package-lock.json");
const marker = path.join(root, "node_modules", ".pgstead-lock");

/** Installs the locked npm dependencies unless the last complete install was of the same lock file. */
function ensureDependencies() {
  assertNode();
  const wanted = crypto.createHash("sha256").update(fs.readFileSync(lockFile)).digest("hex");
  if (installed() === wanted) return;
  console.error("pgstead: installing npm dependencies (once per change of package-lock.json) …");
  const started = Date.now();
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const result = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    // `npm start` hands its own settings on as npm_config_*; those of another command must not change this install.
    env: withoutNpmSettings(process.env),
  });
  if (result.status !== 0) {
    console.error(`pgstead: \`npm ci\` failed (${result.error?.message ?? `exit code ${result.status}`}).`);
    console.error(
      "  hint: is the npm registry reachable from here? Try `npm ping`, then run the command again.",
    );
    process.exit(2);
  }
  fs.writeFileSync(marker, wanted);
  console.error(`pgstead: dependencies installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

function installed() {
  try {
    return fs.readFileSync(marker, "utf8");
  } catch {
    return undefined; // never installed, or `npm ci` was interrupted: it removes node_modules first
  }
}

function assertNode() {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major >= 20) return;
  console.error(`pgstead: Node ${process.versions.node} is too old: 20 or newer is needed.`);
  console.error("  hint: install a current Node, then run the command again.");
  process.exit(2);
}

function withoutNpmSettings(env) {
  const dropped =
    /^npm_(config_(?:production|omit|include|ignore_scripts|dry_run|json|silent)|lifecycle|package)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !dropped.test(name)));
}

module.exports = { ensureDependencies };

#!/usr/bin/env node
"use strict";
/**
 * Runs a TypeScript file of this project: `node infra/toolchain/run.cjs infra/ops/cli.ts …`.
 *
 * Works on a fresh clone: it installs the npm dependencies first where they are missing or older than the lock file.
 */
const { ensureDependencies } = require("./dependencies.cjs");

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) {
  console.error("usage: node infra/toolchain/run.cjs <file.ts> [arguments]");
  process.exit(2);
}
ensureDependencies();
const { bundle } = require("./bundle.cjs");
const file = bundle(entry);
process.argv = [process.argv[0], file, ...args];
process.setSourceMapsEnabled(true);
require(file);

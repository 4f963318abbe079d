#!/usr/bin/env node
"use strict";
/**
 * Runs a TypeScript file of this project: `node infra/toolchain/run.cjs infra/ops/cli.ts …`.
 *
 * Works on a fresh clone: it installs the npm dependencies first where they are missing or older than the lock file.
 * The doctor alone has to do with what is there.
 */
const { ensureDependencies, isInstalled } = require("./dependencies.cjs");

const doctor = "infra/toolchain/doctor/doctor.ts";
const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) {
  console.error("usage: node infra/toolchain/run.cjs <file.ts> [arguments]");
  process.exit(2);
}
if (entry === doctor) examine();
else installAndRun();

function installAndRun() {
  ensureDependencies().then(run).catch(tell);
}

/** What has a hint is not a fault of this program: it is told without a stack trace. */
function tell(error) {
  if (error.hint === undefined) throw error;
  console.error(`pgstead: ${error.message}\n  hint: ${error.hint}`);
  process.exitCode = 2;
}

function examine() {
  try {
    run();
  } catch (error) {
    if (isInstalled()) return tell(error);
    process.exitCode = require("./doctor-first.cjs").reportFirst(args);
  }
}

function run() {
  const { bundle } = require("./bundle.cjs");
  const file = bundle(entry);
  process.argv = [process.argv[0], file, ...args];
  process.setSourceMapsEnabled(true);
  require(file);
}

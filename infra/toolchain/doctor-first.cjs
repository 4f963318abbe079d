"use strict";
/**
 * What `npm run doctor` can say before the npm packages are there, which itself needs. It installs nothing; findings,
 * their JSON and the exit codes are those of doctor.ts.
 */
const { isNodeNewEnough, modules } = require("./dependencies.cjs");

/**
 * @param {readonly string[]} args the doctor's
 * @returns {number} exit code
 */
function reportFirst(args) {
  const unknown = args.find((arg) => !["--json", "--refresh", "--help", "-h"].includes(arg));
  if (unknown !== undefined) {
    console.error(`pgstead: ${unknown} is not an option of doctor: it knows --json, --refresh and --help`);
    return 2;
  }
  if (args.includes("--help") || args.includes("-h")) {
    console.log("npm run doctor -- [--json] [--refresh]   what is there, and what the next run would get");
    return 0;
  }
  const findings = [examineNode(), packages];
  const exitCode = findings.some(({ state }) => state === "missing") ? 2 : 1;
  console.log(args.includes("--json") ? JSON.stringify({ exitCode, findings }, null, 2) : render(findings));
  return exitCode;
}

const packages = {
  name: "npm packages",
  state: "fetch",
  place: modules,
  detail: "`npm ci` brings what package-lock.json says",
  hint: "`npm start` gets them. The doctor needs them to look at the rest: `npm ci` gets them alone.",
};

function examineNode() {
  const found = { name: "node", version: process.versions.node, place: process.execPath };
  return isNodeNewEnough()
    ? { ...found, state: "ok", detail: "runs this" }
    : { ...found, state: "missing", detail: "is older than 20", hint: "install Node 20 or newer." };
}

function render(findings) {
  const marks = { ok: "ok     ", fetch: "to get ", missing: "MISSING" };
  const indent = " ".repeat(packages.name.length + 11);
  return findings
    .flatMap(({ name, state, version, place, detail, hint }) => [
      [marks[state], name.padEnd(packages.name.length), ...(version ? [version] : []), detail].join("  "),
      `${indent}${place}`,
      ...(hint ? [`${indent}hint: ${hint}`] : []),
    ])
    .join("\n");
}

module.exports = { reportFirst };

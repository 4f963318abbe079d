"use strict";
/**
 * One install of a checkout's npm packages at a time, with nothing but Node: the lock's own package is among them.
 *
 * The lock is a file in the temporary directory, named after the checkout's real path and the account. In the checkout
 * it would show in `git status`; in node_modules `npm ci` would remove it; and .git is missing in an archive, and a file
 * in a worktree. It holds the numbers of the processes that install: of a killed start, npm itself may still run.
 */
const crypto = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { clearInterval, setInterval } = require("node:timers");
const { setTimeout: sleep } = require("node:timers/promises");

/** Milliseconds without a sign of life after which a number in the lock is taken for that of another process. */
const staleAfter = 600_000;

/**
 * Waits until nobody else installs, or until it is done.
 *
 * @param {string} checkout its directory
 * @param {() => boolean} isDone whether there is nothing left to install
 * @returns {Promise<{ keepFor(pid: number): void, release(): void }>} keepFor: the lock holds while that process runs,
 * too
 */
async function lockInstall(checkout, isDone) {
  const file = placeOf(checkout);
  for (let told = false; !tryCreate(file);) {
    const holder = readHolder(file);
    if (holder === undefined) continue; // just released
    if (!isHeld(holder)) {
      removeStale(file, holder);
      continue;
    }
    if (isDone()) return { keepFor: () => undefined, release: () => undefined };
    if (!told) tell(holder);
    told = true;
    await sleep(250);
  }
  const sign = setInterval(() => fs.utimes(file, new Date(), new Date(), () => undefined), staleAfter / 10);
  return {
    keepFor: (pid) => fs.renameSync(writeDraft(file, [process.pid, pid]), file),
    release: () => {
      clearInterval(sign);
      fs.rmSync(file, { force: true });
    },
  };
}

function tell({ pids }) {
  console.error(
    `pgstead: another run (process ${pids[0]}) is installing the npm dependencies of this checkout: waiting for it …`,
  );
}

function placeOf(checkout) {
  const key = crypto.createHash("sha256").update(fs.realpathSync(checkout)).digest("hex").slice(0, 10);
  return path.join(os.tmpdir(), `pgstead-npm-${process.getuid?.() ?? "user"}-${key}.lock`);
}

/** A link appears with its contents, or not at all: nobody reads half a lock. */
function tryCreate(file) {
  const draft = writeDraft(file, [process.pid]);
  try {
    fs.linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw cannotLock(error);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function writeDraft(file, pids) {
  const draft = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(draft, pids.join(" "), { mode: 0o600 });
    return draft;
  } catch (error) {
    throw cannotLock(error);
  }
}

function readHolder(file) {
  try {
    const text = fs.readFileSync(file, "utf8");
    return { text, pids: text.split(" ").map(Number), seenAt: fs.statSync(file).mtimeMs };
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw cannotLock(error);
  }
}

function isHeld({ pids, seenAt }) {
  return Date.now() - seenAt < staleAfter && pids.some(isRunning);
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM"; // it runs, as somebody else
  }
}

/** Taken aside and looked at again: another waiting run may have replaced the stale lock by its own meanwhile. */
function removeStale(file, { text }) {
  const aside = `${file}.stale-${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (fs.readFileSync(aside, "utf8") !== text) fs.linkSync(aside, file);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw cannotLock(error);
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

function cannotLock(error) {
  return problem(
    `no install can be kept apart from another one in ${os.tmpdir()}: ${error.message}`,
    "set TMPDIR to a directory that this account may write to.",
  );
}

/** An error that is told in two lines, without a stack trace. */
function problem(message, hint) {
  return Object.assign(new Error(message), { hint });
}

module.exports = { lockInstall, problem };

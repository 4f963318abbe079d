import { setTimeout } from "node:timers/promises";
import { DatabaseError } from "pg";
import { quoteIdentifier } from "../core/identifier";
import { problemError, ProblemError } from "../core/problem";
import { renderSetting } from "../core/server/role-settings";
import { autoFile, isAutoFile, type FileEntry } from "../core/settings/catalog";
import { isForgetting, isRestart, reloadStatement } from "../core/settings/plan";
import { shown, type Statement } from "../core/statement";
import { readFileEntries } from "./catalog/settings";
import type { ServerControl } from "./control";
import { provenFile } from "./settings-proof";
import type { Session } from "./session";

export interface SettingsWay {
  /** Opens a session of its own: a restart ends all that there are. */
  open<Result>(use: (session: Session) => Promise<Result>): Promise<Result>;
  /** Absent: the plan has no restart. */
  readonly control?: ServerControl | undefined;
}

/**
 * Does what a plan of settings says: writes one after the other, loads them, restarts. All hold or none: where one is
 * refused, or the server does not start, what was there before is put back, and the error says what the server said.
 *
 * Killed anywhere, a server that does not run starts with the settings that are proven.
 */
export async function applySettings(statements: readonly Statement[], way: SettingsWay): Promise<void> {
  const restarts = statements.some(isRestart);
  const isNewProof = restarts && (await keepProof(controlOf(way)));
  await way.open(async (session) => {
    const before = await readAutoEntries(session);
    const failure = await attempt(() => writeAndLoad(session, statements));
    if (failure === undefined) return;
    await takeBack(session, before, failure);
    // Everything is as it was: there is nothing to prove.
    if (isNewProof) await controlOf(way).removeFile(provenFile);
    throw failure;
  });
  if (restarts) await restartOrPutBack(way, controlOf(way));
  else if (statements.some(isForgetting)) await controlOf(way).removeFile(provenFile);
}

function controlOf({ control }: SettingsWay): ServerControl {
  if (control === undefined) throw new Error("a restart is planned, and nobody can restart the server");
  return control;
}

/** Keeps a copy of what the server was started with; one that a killed run left is older, and stays. */
export async function keepProof(control: ServerControl): Promise<boolean> {
  if ((await control.readFile(provenFile)) !== undefined) return false;
  await control.writeFile(provenFile, (await control.readFile(autoFile)) ?? "");
  return true;
}

async function writeAndLoad(session: Session, statements: readonly Statement[]): Promise<void> {
  for (const statement of statements.filter(({ step }) => step !== true)) {
    if (statement.sql === reloadStatement) await reload(session);
    else await write(session, statement);
  }
}

async function write(session: Session, statement: Statement): Promise<void> {
  try {
    // Until version 17 the server takes settings of a library only where the session has loaded it.
    if (statement.sql.startsWith('ALTER SYSTEM SET "auto_explain.'))
      await session.query("LOAD 'auto_explain'");
    await session.query(statement.sql);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const details = [error.detail, error.hint].filter((text) => text !== undefined).join("; ");
    throw problemError(
      shown(statement),
      `${error.message} (${error.code ?? "no code"}); no setting was changed`,
      details === "" ? "mend the value, or remove the setting." : details,
      { cause: error },
    );
  }
}

/** What PostgreSQL says of a line that is right and waits for a restart, or that a later line overrides. */
const notApplied = "setting could not be applied";

/** Longest wait for the server to read its files. */
const reloadSeconds = 30;

/** Has the server read its files, and waits until it has. @throws ProblemError it would not take them */
export async function reload(session: Session): Promise<void> {
  const broken = (await readFileEntries(session)).filter(
    // What has no place is a line that is gone, and waits for a restart.
    ({ error, file }) => error !== undefined && error !== notApplied && file !== "",
  );
  if (broken.length > 0) {
    throw new ProblemError(
      "the server does not load its configuration; no setting was changed",
      broken.map(({ file, line, name, error }) => ({
        path: `${file}:${line}`,
        message: `${name === "" ? "" : `${name}: `}${error ?? ""}`,
        hint: "mend that line; if it is a setting that ALTER SYSTEM wrote, ALTER SYSTEM RESET it.",
      })),
    );
  }
  const time = "pg_catalog.pg_conf_load_time()";
  const [before] = await session.query<{ time: string }>(`SELECT ${time}::text AS time`);
  await session.query(reloadStatement);
  const deadline = Date.now() + reloadSeconds * 1000;
  for (;;) {
    const sql = `SELECT ${time} > $1::timestamptz AS loaded`;
    const [row] = await session.query<{ loaded: boolean }>(sql, [before?.time]);
    if (row?.loaded === true) return;
    if (Date.now() > deadline) {
      const message = `the server has not read its configuration within ${reloadSeconds} s`;
      throw problemError("reload", message, "see the server's log, then run this again.");
    }
    await setTimeout(20);
  }
}

/** Puts back every entry that differs from what it was. */
async function takeBack(
  session: Session,
  before: ReadonlyMap<string, FileEntry>,
  failure: Error,
): Promise<void> {
  try {
    const now = await readAutoEntries(session);
    const names = [...new Set([...before.keys(), ...now.keys()])];
    for (const name of names.filter((name) => before.get(name)?.value !== now.get(name)?.value)) {
      const was = before.get(name);
      const change = was === undefined ? "RESET" : "SET";
      const value = was === undefined ? "" : ` = ${renderSetting(name, was.value)}`;
      await session.query(`ALTER SYSTEM ${change} ${quoteIdentifier(was?.name ?? name)}${value}`);
    }
    await session.query(reloadStatement);
  } catch (error) {
    // The session is lost, with the server or alone: what was written stays until the next run, which finds it.
    if (!(error instanceof DatabaseError)) throw failure;
    const message = `${failure.message}\n  and what had been changed could not be taken back: ${error.message}`;
    throw problemError(autoFile, message, "run this again: the next plan shows what is left.", {
      cause: failure,
    });
  }
}

async function readAutoEntries(session: Session): Promise<Map<string, FileEntry>> {
  const entries = (await readFileEntries(session)).filter(({ file }) => isAutoFile(file));
  return new Map(entries.map((entry) => [entry.name.toLowerCase(), entry]));
}

/**
 * Restarts the server. Where it does not start, or does not take what it was told, the proven settings are put back and it
 * is started with them.
 *
 * @throws ProblemError what the server said
 */
export async function restartOrPutBack(way: SettingsWay, control: ServerControl): Promise<void> {
  // Read before the attempt: a container that is started again by itself has put it back, and taken it away, by then.
  const proven = (await control.readFile(provenFile)) ?? "";
  const fallen =
    (await startAnew(control, proven)) ??
    (await fallBackAfter(control, proven, await attempt(() => way.open(assertEveryEntryApplied))));
  if (fallen === undefined) return control.removeFile(provenFile);
  const { failure, second } = fallen;
  const said =
    failure instanceof ProblemError ? failure.problems.map(({ message }) => message) : [failure.message];
  const end =
    second === undefined ? "runs again with them" : `does not start with them either: ${second.message}`;
  throw problemError(
    "restart of the server",
    `${said.join("; ")}. The settings before were put back, and the server ${end}`,
    "mend the setting that the message is about, or take it back.",
    { cause: failure },
  );
}

/** A restart that failed, and how the one with the settings before went. */
interface Fallen {
  readonly failure: Error;
  readonly second?: Error | undefined;
}

async function startAnew(control: ServerControl, proven: string): Promise<Fallen | undefined> {
  const end = await control.restart?.();
  if (end === undefined) {
    await control.stop();
    return fallBackAfter(control, proven, await attempt(() => control.start()));
  }
  if (end.kind === "undone") return { failure: end.failure };
  return end.kind === "runs" ? undefined : fallBackAfter(control, proven, end.failure);
}

/** Puts the settings before back, unless nothing failed. */
async function fallBackAfter(
  control: ServerControl,
  proven: string,
  failure: Error | undefined,
): Promise<Fallen | undefined> {
  if (failure === undefined) return undefined;
  await control.stop();
  await control.writeFile(autoFile, proven);
  await control.removeFile(provenFile);
  return { failure, second: await attempt(() => control.start()) };
}

/** A library that has just been loaded may not know a setting of its own, or not its value; the server then goes without. */
async function assertEveryEntryApplied(session: Session): Promise<void> {
  const faults = [...(await readAutoEntries(session)).values()].filter(({ error }) => error !== undefined);
  if (faults.length === 0) return;
  const list = faults.map(({ name, value }) => `${name} = '${value}'`).join(", ");
  throw problemError(autoFile, `the server does not take ${list}`, "mend the name or the value.");
}

async function attempt(work: () => Promise<void>): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

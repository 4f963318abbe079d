import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { backupBytes, type BackupManifest } from "../../../components/core/backup/manifest";
import { usualBackups } from "../../../components/core/backup/plan";
import type { ConnectionTarget } from "../../../components/core/connection";
import { findClientTools } from "../../../components/io/backup/client-tools";
import { withRepository } from "../../../components/io/backup/lock";
import { readRepository } from "../../../components/io/backup/repository";
import { takeBackup } from "../../../components/io/backup/take";
import { compareRestored } from "../../../components/io/restore/compare-restored";
import { jobs } from "../../../components/io/restore/live";
import { replayBackup } from "../../../components/io/restore/replay";
import { findMatchingTools } from "../../support/client-tools";
import { startServer, type TestServer } from "../../support/server";
import type { Figures } from "../figures";
import { say } from "../progress";
import { makeContent, type ContentSize } from "./content";
import { Stopwatch } from "./stopwatch";

export interface LogicalMeasured {
  readonly figures: readonly Figures[];
  readonly bytes: { readonly database: number; readonly ours: number; readonly guides: number };
}

export const steps = {
  backup: "backup, whole",
  dump: "backup: dump",
  restore: "restore: rows, indexes, statistics",
  compare: "restore: compare with the manifest",
} as const;

export const ours = "pgstead";
export const guides = "pg_dump | gzip, psql";

interface Bench {
  readonly server: TestServer;
  readonly home: string;
  readonly tools: string;
  readonly login: ConnectionTarget;
  readonly watch: Stopwatch;
}

const signal = new AbortController().signal;

/** A backup and a restore of one database, and the same by `pg_dump | gzip` and a replay with psql, in turns. */
export async function measureLogical(size: ContentSize, runs: number): Promise<LogicalMeasured> {
  const server = await startServer();
  const home = await mkdtemp(join(tmpdir(), "pgstead-bench-backups-"));
  const { host, port, superuser: user, password } = server;
  const login = { host, port, user, password };
  const bench: Bench = { server, home, tools: findMatchingTools(), login, watch: new Stopwatch() };
  try {
    const database = await prepare(bench, size);
    const bytes = { ours: 0, guides: 0 };
    for (let run = 1; run <= runs; run += 1) {
      say(`logical backups: run ${run} of ${runs}`);
      bytes.guides = await backupAsGuides(bench);
      const manifest = await backup(bench);
      bytes.ours = backupBytes(manifest);
      // What the first one has written goes to disk while the second one works.
      const restores = [() => restoreAsGuides(bench), () => restore(bench, manifest)];
      for (const one of run % 2 === 1 ? restores : restores.toReversed()) await one();
    }
    return { figures: bench.watch.figures(), bytes: { database, ...bytes } };
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** Settings that any server of such a size would have; they hold for both ways. */
async function prepare({ server }: Bench, size: ContentSize): Promise<number> {
  say("logical backups: making a database");
  await query(server, "postgres", "ALTER SYSTEM SET max_wal_size = '4GB'");
  await query(server, "postgres", "ALTER SYSTEM SET maintenance_work_mem = '256MB'");
  await query(server, "postgres", "SELECT pg_reload_conf()");
  await query(server, "postgres", "CREATE DATABASE shop");
  const session = await server.connect("shop");
  return makeContent(session, size).finally(() => session.close());
}

async function query(server: TestServer, database: string, sql: string): Promise<void> {
  const session = await server.connect(database);
  await session.query(sql).finally(() => session.close());
}

async function backup({ home, login, tools: path, server, watch }: Bench): Promise<BackupManifest> {
  await query(server, "postgres", "CHECKPOINT");
  const repository = join(home, "repository");
  await rm(repository, { recursive: true, force: true });
  const request = { repository, database: "shop", login, stack: "bench", version: "0.0.0", path };
  const more = { plan: usualBackups, now: () => Date.now(), signal };
  const progress = <Result>(label: string, work: Promise<Result>): Promise<Result> =>
    watch.time(stepOf(label), ours, work);
  const work = withRepository(repository, "a benchmark", signal, () =>
    takeBackup({ ...request, ...more, progress }),
  );
  return watch.time(steps.backup, ours, work);
}

/** What a backup says it does, without names. */
function stepOf(label: string): string {
  if (label.startsWith("dumping")) return steps.dump;
  if (label.startsWith("looking")) return "backup: look at the dump, schema apart";
  if (label.startsWith("writing")) return "backup: roles";
  if (label.startsWith("describing")) return "backup: digests of the schema";
  if (label.startsWith("making checksums")) return "backup: checksums";
  if (label.startsWith("waiting")) return "backup: to disk";
  if (label.startsWith("reading")) return "backup: read back";
  throw new Error(`a step that has no name here: ${label}`);
}

/** The exit code of a pipe is that of its end: this reference is checked where the guides' is not. */
async function backupAsGuides({ home, server, tools, login, watch }: Bench): Promise<number> {
  await query(server, "postgres", "CHECKPOINT");
  const file = join(home, "shop.sql.gz");
  const pipe = shell(`set -o pipefail; "$0/pg_dump" shop | gzip >"$1"`, { tools, login }, file);
  await watch.time(steps.dump, guides, watch.time(steps.backup, guides, pipe));
  return (await stat(file)).size;
}

async function restore(
  { home, login, tools: path, server, watch }: Bench,
  { name }: BackupManifest,
): Promise<void> {
  await query(server, "postgres", "CHECKPOINT");
  const repository = join(home, "repository");
  const stored = (await readRepository(repository)).backups.find((one) => one.name === name);
  if (stored?.manifest === undefined)
    throw new Error(`${name} is gone: ${(await readdir(repository)).join(", ")}`);
  const tools = await findClientTools(17, path);
  const request = { repository, backup: stored, tools, login, database: "ours", jobs, signal };
  await watch.time(steps.restore, ours, replayBackup({ ...request, roles: "create-missing" }));
  const faults = await watch.time(
    steps.compare,
    ours,
    compareRestored(login, "ours", stored.manifest, signal),
  );
  if (faults.length > 0) throw new Error(`what came back is not what there was: ${faults.join("; ")}`);
  await query(server, "postgres", "DROP DATABASE ours");
}

async function restoreAsGuides({ home, server, tools, login, watch }: Bench): Promise<void> {
  await query(server, "postgres", "CREATE DATABASE guides");
  await query(server, "postgres", "CHECKPOINT");
  const file = join(home, "shop.sql.gz");
  const replay = `set -o pipefail; gunzip -c "$1" | "$0/psql" -q -v ON_ERROR_STOP=1 guides >/dev/null`;
  await watch.time(steps.restore, guides, shell(replay, { tools, login }, file));
  await query(server, "postgres", "DROP DATABASE guides");
}

/** Runs lines of bash with the directory of the client programs as `$0`. */
async function shell(
  lines: string,
  { tools, login }: Pick<Bench, "tools" | "login">,
  ...args: readonly string[]
): Promise<void> {
  const { host, port, user, password } = login;
  const env = { ...process.env, PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
  await promisify(execFile)("bash", ["-c", lines, tools, ...args], { env });
}

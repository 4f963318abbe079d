import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackupManifest } from "../../components/core/backup/manifest";
import { usualBackups } from "../../components/core/backup/plan";
import { withRepository } from "../../components/io/backup/lock";
import { removeLeftovers } from "../../components/io/backup/repository";
import { takeBackup, type BackupRequest } from "../../components/io/backup/take";
import type { ConnectionTarget } from "../../components/core/connection";
import { findMatchingTools } from "./client-tools";
import { startServer, type TestServer } from "./server";

/** A server with a database of many kinds of objects, and an empty repository. */
export interface BackupBench {
  readonly server: TestServer;
  readonly repository: string;
  readonly login: ConnectionTarget;
  /** Directory of the real programs. */
  readonly tools: string;
  request(change?: Partial<BackupRequest>): BackupRequest;
  take(change?: Partial<BackupRequest>): Promise<BackupManifest>;
  /** A directory of programs, each of which does something first; `real` is the program itself. */
  fakeTools(scripts: Readonly<Record<string, (real: string) => string>>): Promise<string>;
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>;
  remove(): Promise<void>;
}

const programs = ["pg_dump", "pg_dumpall", "pg_restore", "psql"];

export async function makeBackupBench(): Promise<BackupBench> {
  const server = await startServer();
  const home = await mkdtemp(join(tmpdir(), "pgstead-backups-"));
  const tools = findMatchingTools();
  const { host, port, superuser: user, password } = server;
  const login = { host, port, user, password };
  const repository = join(home, "repository");
  const bench: BackupBench = {
    server,
    repository,
    login,
    tools,
    request: (change = {}) => ({
      ...{
        repository,
        database: "shop",
        login,
        stack: "dev",
        version: "0.0.0",
        plan: usualBackups,
        path: tools,
      },
      now: () => Date.now(),
      signal: new AbortController().signal,
      ...change,
    }),
    take(change) {
      const request = bench.request(change);
      return withRepository(request.repository, "a test", request.signal, async (signal) => {
        await removeLeftovers(request.repository);
        return takeBackup({ ...request, signal });
      });
    },
    async fakeTools(scripts) {
      const directory = await mkdtemp(join(home, "tools-"));
      for (const program of programs) {
        const real = `exec '${join(tools, program)}' "$@"`;
        const own = scripts[program]?.(real) ?? real;
        const file = join(directory, program);
        await writeFile(file, `#!/bin/sh\ncase "$1" in --version) ${real};; esac\n${own}\n`);
        await chmod(file, 0o755);
      }
      return directory;
    },
    async sql(text, database = "shop") {
      const session = await server.connect(database);
      try {
        return await session.query(text);
      } finally {
        await session.close();
      }
    },
    async remove() {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
  await bench.sql("CREATE DATABASE shop", "postgres");
  await bench.sql(content);
  return bench;
}

const content = `
CREATE ROLE shop_owner; CREATE ROLE shop_app LOGIN PASSWORD 'of a test';
CREATE SCHEMA app AUTHORIZATION shop_owner; CREATE EXTENSION pg_trgm;
GRANT USAGE ON SCHEMA app TO shop_app;
CREATE TABLE app.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
INSERT INTO app.orders (body) SELECT repeat(md5(n::text), 4) FROM generate_series(1, 2000) AS n;
CREATE TABLE app.lines (id serial PRIMARY KEY, orders bigint REFERENCES app.orders, at date) ;
INSERT INTO app.lines (orders, at) SELECT id, '2026-01-01' FROM app.orders;
CREATE TABLE app.events (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE app.events_2026 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO app.events SELECT n, '2026-06-01' FROM generate_series(1, 10) AS n;
CREATE TABLE app."odd; Type: ""name""" (id int);
CREATE VIEW app.recent AS SELECT * FROM app.orders;
COMMENT ON TABLE app.orders IS 'what was ordered';
GRANT SELECT ON app.orders TO shop_app;
SELECT lo_from_bytea(4711, 'a large object');`;

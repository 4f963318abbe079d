import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackupManifest } from "../../components/core/backup/manifest";
import { backupFormats, usualBackups } from "../../components/core/backup/plan";
import { findClientTools } from "../../components/io/backup/client-tools";
import { readRepository, type StoredBackup } from "../../components/io/backup/repository";
import { compareRestored } from "../../components/io/restore/compare-restored";
import { replayBackup, type ReplayRequest } from "../../components/io/restore/replay";
import { makeBackupBench, type BackupBench } from "../support/backups";
import { startServer, type TestServer } from "../support/server";
import { differences, makeWholeDatabase, readWhole, type WholeDatabase } from "../support/whole-database";

let bench: BackupBench;
let database = "";
let before: WholeDatabase;
beforeAll(async () => {
  bench = await makeBackupBench();
  database = await makeWholeDatabase(bench);
  before = await whole(bench.server, database);
});
afterAll(() => bench.remove());

async function whole(server: TestServer, name: string): Promise<WholeDatabase> {
  const session = await server.connect(name);
  try {
    return await readWhole(session);
  } finally {
    await session.close();
  }
}

const loginOf = ({ host, port, superuser: user, password }: TestServer): ReplayRequest["login"] => ({
  ...{ host, port, user, password },
});

async function stored({ name }: BackupManifest): Promise<StoredBackup> {
  const found = (await readRepository(bench.repository)).backups.find((one) => one.name === name);
  return found!;
}

async function request(manifest: BackupManifest, change: Partial<ReplayRequest>): Promise<ReplayRequest> {
  return {
    repository: bench.repository,
    backup: await stored(manifest),
    tools: await findClientTools(17, bench.tools),
    login: bench.login,
    database: "restored",
    jobs: 2,
    signal: new AbortController().signal,
    roles: "create-missing",
    ...change,
  };
}

describe.each(backupFormats)("a backup in format %s", (format) => {
  let manifest: BackupManifest;
  beforeAll(async () => {
    manifest = await bench.take({ database, plan: { ...usualBackups, format } });
  });

  test("comes back beside the database with everything that it had", async () => {
    const name = `beside ${format} "x"`;
    const { roles, connectionLimit } = await replayBackup(await request(manifest, { database: name }));
    expect(roles).toEqual([]);
    expect(connectionLimit).toBe(77);
    expect(differences(before, await whole(bench.server, name))).toEqual([]);
    expect(await compareRestored(bench.login, name, manifest, new AbortController().signal)).toEqual([]);
    const analyzed = await bench.sql(
      "SELECT FROM pg_stats WHERE schemaname = 'many' AND tablename = 't7'",
      name,
    );
    expect(analyzed).toHaveLength(2);
  });

  test("comes back on a server that has none of its roles", async () => {
    const other = await startServer();
    try {
      const login = loginOf(other);
      const found = await replayBackup(await request(manifest, { login, database }));
      expect(found.roles).toContain(`${database}_app`);
      expect(differences(before, await whole(other, database))).toEqual([]);
      expect(await compareRestored(login, database, manifest, new AbortController().signal)).toEqual([]);
      const roles = `SELECT r.rolname, r.rolpassword, r.rolcanlogin, r.rolsuper, shobj_description(r.oid, 'pg_authid') AS note,
          (SELECT array_agg(s.setconfig::text ORDER BY s.setconfig::text) FROM pg_db_role_setting AS s WHERE s.setrole = r.oid AND s.setdatabase = 0) AS settings,
          (SELECT array_agg(m.member::regrole::text || m.inherit_option || m.set_option || m.admin_option ORDER BY m.member::regrole::text)
           FROM pg_auth_members AS m WHERE m.roleid = r.oid) AS members
        FROM pg_authid AS r WHERE r.rolname !~ '^pg_' AND r.rolname <> 'postgres' ORDER BY 1`;
      const session = await other.connect();
      const there = await session.query(roles);
      await session.close();
      expect(there).toEqual(await bench.sql(roles, "postgres"));
    } finally {
      await other.stop();
    }
  });

  test("that is cut off is no half restore, and nothing of it is left", async () => {
    const path = await bench.fakeTools({
      pg_restore: (real) => `case "$*" in *--dbname*) exit 0;; esac\n${real}`,
      psql: (real) => `case "$*" in *--single-transaction*) ${real};; *) cat >/dev/null; kill -9 $$;; esac`,
    });
    const tools = await findClientTools(17, path);
    const failing = replayBackup(await request(manifest, { tools, database: `half ${format}` }));
    if (format === "plain") {
      await expect(failing).rejects.toThrow("psql");
      expect(await bench.sql("SELECT FROM pg_database WHERE datname = 'half plain'", "postgres")).toEqual([]);
    } else {
      await failing;
      const faults = await compareRestored(
        bench.login,
        "half directory",
        manifest,
        new AbortController().signal,
      );
      expect(faults).toContain("table many.t7 is missing");
    }
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DrillData } from "../../infra/ops/drill/run";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";

let under: DockerStackUnderTest;
const assertion = "SELECT count(*) = 1000 FROM public.drilled";

beforeAll(async () => {
  under = await makeDockerStack([
    [
      ["pgstead:backup"],
      {
        logical: {},
        physical: { keepFull: 1 },
        drill: { assertions: [{ database: "promptforge", sql: assertion }] },
      },
    ],
  ]);
  await under.up();
  await sql(
    "CREATE TABLE public.drilled AS SELECT g AS id, md5(g::text) AS body FROM generate_series(1, 1000) AS g",
  );
}, 900_000);

afterAll(() => under.remove(), 300_000);

/** In the database, as the administrator. */
async function sql(text: string): Promise<void> {
  const login = ["--host=/var/run/postgresql", "--username=postgres", "--dbname=promptforge"];
  await under.exec("server", ["psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", ...login, `--command=${text}`]);
}

function job(name: string): Promise<string> {
  return under.exec("ops", ["node", "/usr/lib/pgstead/ops.cjs", "run", name]);
}

const metrics = (): Promise<string> =>
  under.exec("ops", [
    "node",
    "-e",
    "fetch('http://127.0.0.1:9188/metrics').then(async (a) => console.log(await a.text()))",
  ]);

const leftovers =
  "ls -A /var/lib/pgbackrest/pgstead/drill; grep -lz '[c]luster_name=pgstead drill' /proc/[0-9]*/cmdline || true";

describe("restore drills of a stack in containers", () => {
  test("restore the newest backup of both kinds in the ops container, and leave nothing", async () => {
    await job("backup");
    await sql("SELECT pg_switch_wal()");
    await job("physical-incremental");
    const said = await job("drill");
    expect(said).toMatch(/logical backup promptforge_full_\d+_\d+ was restored and is whole/);
    expect(said).toMatch(/physical backup \d{8}-\d{6}F_\d{8}-\d{6}I was restored and is whole/);
    expect(await under.exec("ops", ["sh", "-c", leftovers])).toBe("");
    expect(await metrics()).toMatch(/^pgstead_backup_drill_success\{kind="physical",database=""\} 1$/m);
    expect(await metrics()).toMatch(/^pgstead_backup_drill_restore_seconds\{kind="logical",.*\} \d/m);
  }, 300_000);

  test("show in backup status, with time to restore and the newest moment", async () => {
    const { stdout } = await under.ops(["backup", "status"]);
    expect(stdout).toMatch(/the server +physical +\S+ +\S+ +passed +[\d.]+ s/);
    expect(stdout).toContain("drills: 0 4 * * 0, next ");
  });

  test("fail where what has to hold does not, from the operator's machine as well, and the metric shows it", async () => {
    await sql("DELETE FROM public.drilled WHERE id = 1");
    await job("backup");
    await job("physical-incremental");
    const { stdout } = await under.ops(["backup", "drill", "--json"], { exitCode: 1 });
    const { data } = JSON.parse(stdout) as { data: DrillData };
    expect(data.drills.map(({ kind }) => kind)).toEqual(["logical", "physical"]);
    for (const { faults } of data.drills) {
      expect(faults).toEqual([`promptforge: assertion 1 (${assertion}) is false`]);
    }
    expect(await metrics()).toMatch(/^pgstead_backup_drill_success\{kind="physical",database=""\} 0$/m);
    expect((await under.ops(["backup", "status"], { exitCode: 1 })).stdout).toContain("FAILED");
  }, 300_000);

  test("touch neither the server's log nor what archives it", async () => {
    const { stdout } = await under.ops(["recovery", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: readonly unknown[] };
    expect(findings).toEqual([]);
    expect(
      await under.exec("ops", ["sh", "-c", "ls /var/lib/pgbackrest/archive/pgstead/17-1"]),
    ).not.toContain("00000002");
  });
});

import { chown, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containerFetchPath } from "../../components/core/ops/files";
import { listFiles } from "../../components/io/backup/files";
import type { CopiesData } from "../../infra/ops/backup/copies";
import type { StatusData } from "../../infra/ops/backup/look";
import { findMatchingTools } from "../support/client-tools";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";

const database = "promptforge";
/** Of PostgreSQL in the images. */
const account = 999;
const marker = "only-in-a-row-of-this-test";

let under: DockerStackUnderTest;
let home: string;
let key: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "pgstead-copies-"));
  await chown(home, account, account);
  const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
  const identity = await generateX25519Identity();
  key = join(await mkdtemp(join(tmpdir(), "pgstead-key-")), "key.txt");
  await writeFile(key, `${identity}\n`, { mode: 0o600 });
  const recipient = await identityToRecipient(identity);
  under = await makeDockerStack([
    [
      ["pgstead:backup"],
      { logical: {}, copies: [{ name: "nas", path: home }], encryption: { age: [recipient] } },
    ],
  ]);
  await under.up();
  // As a migration does, so that it is born with its privileges.
  const made = `SET ROLE promptforge_owner; CREATE TABLE public.kept AS SELECT g AS id, '${marker}' AS body`;
  await sql(`${made} FROM generate_series(1, 100) AS g`);
}, 900_000);

afterAll(async () => {
  await under.remove();
  await rm(home, { recursive: true, force: true });
  await rm(join(key, ".."), { recursive: true, force: true });
}, 300_000);

/** In the database, as the administrator. @returns what it printed */
function sql(text: string, of = database): Promise<string> {
  const login = [
    "--host=/var/run/postgresql",
    "--username=postgres",
    `--dbname=${of}`,
    "--no-align",
    "--tuples-only",
  ];
  return under.exec("server", [
    "psql",
    "--no-psqlrc",
    "--set=ON_ERROR_STOP=1",
    ...login,
    `--command=${text}`,
  ]);
}

/** Those of the server are the npm package's: the account that runs them passes no directory of root. */
async function clientTools(): Promise<string> {
  const directory = join(key, "..", "bin");
  await mkdir(directory);
  for (const name of ["pg_dump", "pg_dumpall", "pg_restore", "psql"]) {
    await symlink(join(findMatchingTools(), name), join(directory, name));
  }
  return directory;
}

const metrics = (): Promise<string> =>
  under.exec("ops", [
    "node",
    "-e",
    "fetch('http://127.0.0.1:9188/metrics').then(async (a) => console.log(await a.text()))",
  ]);

const count = async (table: string): Promise<number> => Number(await sql(`SELECT count(*) FROM ${table}`));

describe("a backup of a stack in containers", () => {
  test("goes to a directory of the host, where nobody reads it without the key", async () => {
    const { text } = await under.ops(["backup"]);
    expect(text).toMatch(/verified/);
    for (const { path } of await listFiles(home)) {
      expect((await readFile(join(home, path))).includes(marker)).toBe(false);
    }
    expect((await under.ops(["backup", "list"])).stdout).toContain("nas");
    await under.ops(["backup", "verify"]);
  }, 300_000);

  test("is what a loss of data waits for", async () => {
    const { text } = await under.ops(["backup", "gate"]);
    expect(text).toMatch(/promptforge_full_\d+_\d+/);
    await under.configure(["pgstead:backup", "gate"], { drillMaxAge: "8d" });
    const refused = await under.ops(["backup", "gate"], { exitCode: 1 });
    expect(refused.text).toContain("no logical backup was ever restored");
    await under.ops(["backup", "drill"]);
    await under.ops(["backup", "gate"]);
    await under.configure(["pgstead:backup", "gate"], undefined);
  }, 300_000);

  test("is not put in the place of the database without its name", async () => {
    await sql("DELETE FROM public.kept WHERE id > 10");
    const { text } = await under.ops(["restore", "latest"], { exitCode: 1 });
    expect(text).toContain(`--confirm ${database}`);
    await under.ops(["restore", "latest", "--confirm", "other"], { exitCode: 2 });
    expect(await count("public.kept")).toBe(10);
  }, 300_000);

  test("brings one table back beside the one that is there", async () => {
    await under.ops(["restore", "latest", "--table", "public.kept", "--as", "public.kept_restored"]);
    expect(await count("public.kept_restored")).toBe(100);
    expect(await count("public.kept")).toBe(10);
    await sql("DROP TABLE public.kept_restored");
  }, 300_000);

  test("takes the place of the database: logins work, and the next preview is empty", async () => {
    await under.ops(["restore", "latest", "--confirm", database]);
    expect(await count("public.kept")).toBe(100);
    const app = await under.connect("app");
    await app.query("SELECT 1");
    await app.close();
    await under.pulumi(["preview", "--expect-no-changes"]);
  }, 600_000);

  test("gives the one before it back, or its room", async () => {
    await under.ops(["restore", "--undo", "--confirm", database]);
    expect(await count("public.kept")).toBe(10);
    await under.ops(["restore", "--drop-old", "--confirm", database]);
    const left = await sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'promptforge\\_%'");
    expect(Number(left)).toBe(0);
  }, 300_000);

  test("comes back from its copy where the host is lost, with the key alone", async () => {
    const { stdout } = await under.ops(["backup", "copies", "--json"]);
    const { data } = JSON.parse(stdout) as { data: CopiesData };
    const name = data.backups[0]?.name ?? "";
    const into = join(home, "..", `${home.slice(-6)}-fetched`);
    const fetch = ["backup", "fetch", name, "--copy", "nas", "--into", into];
    expect((await under.ops(fetch, { exitCode: 2 })).text).toContain("--identity");
    await under.ops([...fetch, "--identity", key]);
    expect((await listFiles(join(into, name))).map(({ path }) => path)).toContain("dump/toc.dat");
    await rm(into, { recursive: true });
  }, 300_000);

  test("is drilled from its copy where the key is, and backup status of the stack knows it", async () => {
    const known = async (): Promise<StatusData["copies"][number] | undefined> => {
      const { stdout } = await under.ops(["backup", "status", "--json"], { exitCode: "any" });
      return (JSON.parse(stdout) as { data: StatusData }).data.copies[0];
    };
    expect(await known()).toMatchObject({ copy: "nas", lastDrilledAt: null });
    const PATH = `${await clientTools()}:${process.env.PATH ?? ""}`;
    const drill = ["backup", "drill", "--copy", "nas", "--identity", key];
    const { text } = await under.ops(drill, { env: { PATH } });
    expect(text).toContain("of copy nas: passed");
    expect(text).not.toContain("after its next backup");
    expect(await known()).toMatchObject({ copy: "nas", lastDrillPassed: true });
    expect(await metrics()).toMatch(
      /^pgstead_backup_copy_drill_success\{database="promptforge",copy="nas"\} 1$/m,
    );
  }, 300_000);

  test("is restored from its copy, beside the database and in its place, and nothing of it stays", async () => {
    const copy = ["--copy", "nas", "--identity", key];
    expect((await under.ops(["restore", "--list", "--copy", "nas"])).text).toContain("promptforge_full_");
    await under.ops(["restore", "latest", ...copy, "--into", "fetched"]);
    expect((await sql("SELECT count(*) FROM public.kept", "fetched")).trim()).toBe("100");
    await sql("DROP DATABASE fetched", "postgres");
    await sql("DELETE FROM public.kept WHERE id > 5");
    expect((await under.ops(["restore", "latest", ...copy], { exitCode: 1 })).text).toContain("--confirm");
    expect(await count("public.kept")).toBe(5);
    await under.ops(["restore", "latest", ...copy, "--confirm", database]);
    expect(await count("public.kept")).toBe(100);
    const left = await under.exec("ops", ["sh", "-c", `ls -A ${containerFetchPath}/delivered`]);
    expect(left.trim()).toBe("");
  }, 600_000);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseManifest, renderManifest, type BackupManifest } from "../../components/core/backup/manifest";
import { manifestFile } from "../../components/core/backup/name";
import { sha256 } from "../../components/io/backup/files";
import { changeState, withCheck, withCopy } from "../../components/io/backup/state";
import { readPostmaster } from "../../components/io/embedded/postmaster";
import { backupTestDirectory, projectRoot } from "../../components/io/places";
import { isRunning } from "../../components/io/running-process";
import { findMatchingTools } from "../support/client-tools";
import { eventually } from "../support/eventually";
import { migrationText } from "../unit/core/migrations/judged";
import { deployStack, runNode, type DeployedStack, type OpsOutput } from "./ops-stack";

let stack: DeployedStack;
let home = "";
let repository = "";
/** Directory of the migrations, and one beside it of views. */
let directory = "";
/** The backup that most tests are of. */
let backup = "";

const PATH = (): string => `${findMatchingTools()}:${process.env.PATH ?? ""}`;

beforeAll(async () => {
  stack = await deployStack();
  home = await mkdtemp(join(tmpdir(), "pgstead-from-backup-"));
  repository = join(home, "backups");
  directory = join(home, "migrations");
  await mkdir(directory);
  const file = join(stack.root, "Pulumi.dev.yaml");
  await appendFile(
    file,
    `  pgstead:backup: { directory: "${repository}", logical: { keep: { days: 1 } } }\n`,
  );
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner",
  );
  await change("DROP VIEW api.recent; DROP TABLE api.orders; DROP FUNCTION api.one()");
  await write("0001-orders.sql", "CREATE TABLE api.orders (id int PRIMARY KEY, mail text, total int);", {
    down: "DROP TABLE api.orders;",
  });
  expect((await ops("migrate", "upgrade", "0001", "--yes", "--dir", directory)).exitCode).toBe(0);
  await write("0002-total.sql", `-- pgstead:allow change-type reason="a test"\n${retype("bigint")}`, {
    down: `-- pgstead:allow narrow-type reason="a test"\n-- pgstead:allow change-type reason="a test"\n${retype("int")}`,
  });
  await write("0003-state.sql", "ALTER TABLE api.orders ADD COLUMN state text NOT NULL DEFAULT 'new';", {
    down: "ALTER TABLE api.orders DROP COLUMN state;",
  });
  // One address twice: as rows are, and no made-up ones.
  await change(
    "INSERT INTO api.orders SELECT n, 'customer' || greatest(n, 2) || '@example.com', n FROM generate_series(1, 2000) AS n",
  );
  backup = await take();
}, 240_000);
afterAll(async () => {
  await stack.remove();
  await rm(home, { recursive: true, force: true });
  await rm(backupTestDirectory(repository), { recursive: true, force: true });
});

async function change(sql: string): Promise<Record<string, unknown>[]> {
  const session = await stack.server.connect("shop");
  return session.query(sql).finally(() => session.close());
}

const write = (file: string, up: string, parts: { down?: string; header?: string } = {}): Promise<void> =>
  writeFile(join(directory, file), migrationText(up, parts));

function ops(...args: readonly string[]): Promise<OpsOutput> {
  return runNode("test/integration/ops-entry.ts", [stack.root, ...args], { PATH: PATH() });
}

async function take(): Promise<string> {
  const { stdout } = await ops("backup", "--json");
  return (JSON.parse(stdout) as { data: { taken: { name: string }[] } }).data.taken[0]?.name ?? "";
}

interface Json {
  readonly status: string;
  readonly data: {
    readonly applied: readonly string[];
    readonly reversed: readonly string[];
    readonly remarks: readonly { readonly message: string }[];
    readonly backup: {
      readonly name: string;
      readonly head: string | null;
      readonly notes: readonly string[];
      readonly runs: readonly {
        readonly files: readonly string[];
        readonly direction: string;
        readonly durationMs: number | null;
        readonly locks: readonly { readonly table: string; readonly mode: string; readonly heldMs: number }[];
        readonly rewritten: readonly string[];
      }[];
      readonly tables: readonly object[];
    };
  };
  readonly findings: readonly {
    readonly subject: string;
    readonly message: string;
    readonly hint: string;
  }[];
  readonly error?: {
    readonly title: string;
    readonly problems: readonly { readonly message: string; readonly hint: string }[];
  };
}

async function run(...args: readonly string[]): Promise<Json> {
  const { stdout, stderr } = await ops(
    ...["migrate", "test", "--json", "--dir", directory],
    ...(args.length === 0 ? ["--from-backup"] : args),
  );
  if (stdout === "") throw new Error(stderr);
  const document = JSON.parse(stdout) as Json;
  if (document.error !== undefined) throw new Error(stdout);
  return document;
}

/** Every place of a run is gone. */
async function leftovers(): Promise<string[]> {
  return readdir(backupTestDirectory(repository)).catch(() => []);
}

const retype = (type: string): string => `ALTER TABLE api.orders ALTER COLUMN total TYPE ${type};`;

describe("migrate test --from-backup", () => {
  test("runs what is pending on the rows of the newest backup, and measures it", async () => {
    await mkdir(join(home, "views"), { recursive: true });
    await writeFile(
      join(home, "views", "recent.sql"),
      "CREATE OR REPLACE VIEW api.recent AS SELECT id, state FROM api.orders;\n",
    );
    const { findings, data, status } = await run();
    expect(findings).toEqual([]);
    expect(status).toBe("good");
    expect(data).toMatchObject({ liveUnseen: "--from-backup", remarks: [] });
    expect(data.applied.map((path) => path.split("/").at(-1))).toEqual(["0002-total.sql", "0003-state.sql"]);
    expect(data.reversed).toEqual(data.applied.toReversed());
    const { runs, tables, notes } = data.backup;
    expect(data.backup).toMatchObject({ name: backup, head: "0001" });
    expect(notes).toEqual([]);
    expect(runs.map(({ files, direction }) => `${direction} ${files[0]?.split("/").at(-1) ?? ""}`)).toEqual([
      ...["up 0002-total.sql", "up 0003-state.sql", "down 0003-state.sql", "down 0002-total.sql"],
      ...["up 0002-total.sql", "up 0003-state.sql", "repeat recent.sql"],
    ]);
    const [first, second] = runs;
    expect(first?.rewritten).toEqual(["api.orders"]);
    expect(first?.locks).toEqual([
      { table: "api.orders", mode: "ACCESS EXCLUSIVE", heldMs: expect.any(Number) as unknown },
    ]);
    expect(first?.locks[0]?.heldMs).toBeLessThanOrEqual(first?.durationMs ?? 0);
    expect(second).toMatchObject({ rewritten: [], locks: [{ mode: "ACCESS EXCLUSIVE" }] });
    expect(tables).toMatchObject([{ table: "api.orders", rowsBefore: "2000", rowsAfter: "2000" }]);
    expect(await change("SELECT version FROM pgstead.migration")).toEqual([{ version: "0001" }]);
    expect(await leftovers()).toEqual([]);
    await rm(join(home, "views"), { recursive: true });
  });

  test("needs nothing of the live server, and tells people the same", async () => {
    await rename(join(stack.root, "outputs.json"), join(stack.root, "away.json"));
    const { stdout, exitCode, stderr } = await ops(
      "migrate",
      "test",
      "--dir",
      directory,
      "--from-backup",
      backup,
    );
    await rename(join(stack.root, "away.json"), join(stack.root, "outputs.json"));
    expect(stderr).not.toContain("error");
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      `on ${backup} (at 0001): 2 pending migrations applied, 2 taken back and applied again`,
    );
    expect(stdout).toMatch(/0002-total\.sql held ACCESS EXCLUSIVE on api\.orders for \d+ ms/);
    expect(stdout).toMatch(/0002-total\.sql wrote anew: api\.orders/);
  });

  test("finds what fails on real rows alone, with its statement and line", async () => {
    const unique = "ALTER TABLE api.orders\n  ADD CONSTRAINT orders_mail_key UNIQUE (mail);";
    await write("0004-unique.sql", `SELECT 1;\n-- pgstead:allow add-unique reason="a test"\n${unique}`, {
      down: "ALTER TABLE api.orders DROP CONSTRAINT orders_mail_key;",
    });
    const madeUp = await run("--no-live");
    expect(madeUp.findings.filter(({ message }) => message.includes("fails"))).toEqual([]);
    const { findings, data } = await run();
    expect(findings).toContainEqual({
      subject: expect.stringMatching(/0004-unique\.sql:\d+$/) as unknown,
      message: expect.stringMatching(
        /^its up part fails: could not create unique index "orders_mail_key" \(23505\); Key \(mail\)=.* is duplicated\.; in: ALTER TABLE api\.orders$/,
      ) as unknown,
      hint: expect.any(String) as unknown,
    });
    expect(data.backup.runs.at(-1)).toMatchObject({ direction: "up", durationMs: null });
    await rm(join(directory, "0004-unique.sql"));
    expect(await leftovers()).toEqual([]);
  });

  test("tells of rows that a way back does not bring back", async () => {
    await write("0004-lossy.sql", "UPDATE api.orders SET mail = lower(mail) || '.' WHERE id > 0;", {
      down: "SELECT 1;",
    });
    const { findings } = await run();
    await rm(join(directory, "0004-lossy.sql"));
    expect(findings).toContainEqual(
      expect.objectContaining({
        subject: "down parts",
        message: "the rows of api.orders are not what they were once all is taken back",
      }),
    );
  });

  test("tells what a run on the live database would be refused for", async () => {
    await write("0004-drop.sql", "ALTER TABLE api.orders DROP COLUMN mail;", {
      down: "ALTER TABLE api.orders ADD COLUMN mail text;",
    });
    const blocked = await run();
    expect(blocked.findings).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining("data-loss (drop-column)") as unknown }),
    );
    await writeFile(join(directory, "0001-orders.sql"), "-- another text\n", { flag: "a" });
    const edited = await run();
    await write("0001-orders.sql", "CREATE TABLE api.orders (id int PRIMARY KEY, mail text, total int);", {
      down: "DROP TABLE api.orders;",
    });
    await rm(join(directory, "0004-drop.sql"));
    expect(edited.data.applied).toEqual([]);
    expect(edited.findings).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining("was edited after it was applied") as unknown,
      }),
    );
  });
});

/** A copy of the backup under a name of its own, with a manifest that was changed. */
async function copied(
  name: string,
  rewritten: (manifest: BackupManifest) => BackupManifest = (manifest) => manifest,
): Promise<void> {
  await cp(join(repository, backup), join(repository, name), { recursive: true });
  const manifest = parseManifest(
    await readFile(join(repository, backup, manifestFile), "utf8"),
    backup,
    sha256,
  );
  const text = renderManifest({ ...rewritten(manifest), name }, sha256);
  await writeFile(join(repository, name, manifestFile), text);
}

const good = (name: string): Promise<void> =>
  changeState(repository, (state) => withCheck(state, name, { at: new Date().toISOString(), faults: [] }));

describe("is refused with one error, what and hint:", () => {
  const other = "shop_full_20200101_000000";
  async function refusal(...args: readonly string[]): Promise<string> {
    const output = await ops("migrate", "test", "--dir", directory, "--from-backup", ...args);
    expect(output.exitCode).toBe(2);
    expect(output.stdout).toBe("");
    await rm(join(repository, other), { recursive: true, force: true });
    expect(await leftovers()).toEqual([]);
    return output.stderr;
  }

  test("a backup that is not there, and one that is only a copy", async () => {
    expect(await refusal(`${backup}x`)).toContain(`did you mean ${backup}?`);
    const at = new Date().toISOString();
    const known = { sentAt: at, bytes: 1, sha256: "", check: { at, faults: [] } };
    await changeState(repository, (state) =>
      withCopy(state, "offsite", () => ({ run: { startedAt: at }, backups: { [other]: known } })),
    );
    const refused = await refusal(other);
    expect(refused).toContain("is not here, only at offsite");
    expect(refused).toContain(`backup fetch ${other}`);
  });

  test("one that nobody verified, one of another stack, of another database, and of a newer version", async () => {
    await copied(other);
    expect(await refusal(other)).toMatch(/nobody has looked at its checksums[^]*backup verify/);
    await copied(other, (manifest) => ({ ...manifest, stack: "prod" }));
    await good(other);
    expect(await refusal(other)).toContain("is of stack prod, and this is dev");
    await copied(other);
    const text = await readFile(join(repository, other, manifestFile), "utf8");
    await writeFile(join(repository, other, manifestFile), text.replace('"format": 1', '"format": 2'));
    expect(await refusal(other)).toContain("its manifest is in format 2; this pgstead reads format 1");
    await copied(other, (manifest) => ({ ...manifest, tools: { version: "99.1" } }));
    await good(other);
    expect(await refusal(other)).toMatch(/of PostgreSQL 99, .* are not on this machine/);
    const elsewhere = "other_full_20200101_000000";
    await copied(elsewhere, (manifest) => ({ ...manifest, database: "other" }));
    expect(await refusal(elsewhere)).toContain("is of database other, and not of shop");
    await rm(join(repository, elsewhere), { recursive: true });
  });

  test("one that is damaged, which the repository remembers", async () => {
    await copied(other);
    await good(other);
    const dump = join(repository, other, "dump");
    const [file = ""] = (await readdir(dump)).filter((name) => name.includes(".dat"));
    await appendFile(join(dump, file), "x");
    const output = await ops("migrate", "test", "--dir", directory, "--from-backup", other);
    expect(output.exitCode).toBe(2);
    expect(output.stderr).toMatch(/is damaged[^]*was written with/);
    expect((await ops("migrate", "test", "--dir", directory, "--from-backup", other)).stderr).toContain(
      "is damaged: ",
    );
    await rm(join(repository, other), { recursive: true });
    const contradiction = await ops(
      ...["migrate", "test", "--dir", directory, "--from-backup", "--scratch", "same-server"],
    );
    expect(contradiction.exitCode).toBe(2);
    expect(contradiction.stderr).toContain("contradicts --scratch same-server");
  });
});

test("killed while a migration runs it leaves nothing, and Ctrl-C says so", async () => {
  await write("0004-slow.sql", "SELECT pg_sleep(600);", { down: "SELECT 1;" });
  const place = backupTestDirectory(repository);
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    const entry = ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", stack.root];
    const args = [...entry, "migrate", "test", "--dir", directory, "--from-backup"];
    const child = spawn(process.execPath, args, {
      cwd: projectRoot(),
      env: { ...process.env, PATH: PATH() },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const data = await eventually("its server runs", async () => {
      const [name] = await readdir(place).catch(() => []);
      return name === undefined ? undefined : readPostmaster(join(place, name, "data"));
    });
    await eventually("the slow one runs", () => (/0004-slow\.sql \(up\)/.test(said) ? true : undefined));
    const dead = once(child, "close") as Promise<[number | null]>;
    child.kill(signal);
    const [exitCode] = await dead;
    await eventually("its server has ended", () => (isRunning(data.pid) ? undefined : true));
    await eventually("its data is gone", async () => ((await leftovers()).length === 0 ? true : undefined));
    if (signal === "SIGKILL") continue;
    expect(exitCode).toBe(3);
    expect(said).toContain("cancelling …");
  }
  await rm(join(directory, "0004-slow.sql"));
}, 240_000);

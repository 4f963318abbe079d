import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backRestCommand, containerPlaces } from "../../components/core/physical/configuration";
import { parseInfo } from "../../components/core/physical/repository";
import type { MomentData } from "../../infra/ops/restore/point-in-time-place";
import type { Session } from "../../components/io/session";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";

let under: DockerStackUnderTest;
let database: string;

const volume = "/var/lib/postgresql/data";

beforeAll(async () => {
  under = await makeDockerStack([
    [["pgstead:backup"], { physical: { keepFull: 4 } }],
    [["pgstead:server", "settings", "track_commit_timestamp"], "on"],
    [["pgstead:audit"], { schemas: ["app"] }],
  ]);
  await under.up();
  const outputs = await under.outputs<{ database: string }>();
  database = outputs.database;
}, 900_000);

afterAll(() => under.remove(), 300_000);

async function withSession<Result>(use: (session: Session) => Promise<Result>): Promise<Result> {
  const session = await under.connect();
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

async function one(text: string): Promise<unknown> {
  const [row] = await withSession((session) => session.query<Record<string, unknown>>(text));
  return Object.values(row ?? {})[0];
}

/** As the server writes it, with its zone, in thousandths of a second. */
async function now(): Promise<string> {
  const text = await one("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')");
  return `${String(text)}+00`;
}

/** A backup counts from the second after its end on. */
async function moment(): Promise<string> {
  const since = await now();
  const hasPassed = `SELECT clock_timestamp() > '${since}'::timestamptz + interval '1100 ms'`;
  await eventually("a second has passed", async () => (await one(hasPassed)) === true || undefined);
  return now();
}

async function restore(args: readonly string[], exitCode = 0): Promise<{ data: MomentData; text: string }> {
  const { stdout, text } = await under.ops(["restore", "--json", ...args], { exitCode });
  const { data } = JSON.parse(stdout) as { data: MomentData };
  return { data, text };
}

const current = (): Promise<string> => under.exec("server", ["readlink", `${volume}/current`]);
const listed = (): Promise<string> => under.exec("server", ["ls", volume]);

/** Runs `restore` as a process and kills it when it says something. */
async function killedAt(line: RegExp, args: readonly string[]): Promise<void> {
  const child = spawn(
    process.execPath,
    ["infra/toolchain/run.cjs", "infra/ops/cli.ts", "restore", ...args, "--stack", "prod"],
    { cwd: under.checkout.directory, env: under.env, stdio: ["ignore", "ignore", "pipe"], detached: true },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
    // The program is a child of its starter: all of the group.
    if (line.test(said)) process.kill(-(child.pid ?? 0), "SIGKILL");
  });
  await once(child, "exit");
  expect(said).toMatch(line);
}

/** Rows that are committed, one after the other, by two sessions. */
function startWriters(): { stop(): Promise<unknown> } {
  const state = { isOver: false };
  const write = (offset: number): Promise<void> =>
    withSession(async (session) => {
      for (let id = offset; !state.isOver; id += 2) {
        await session.query("INSERT INTO public.written VALUES ($1)", [id]);
      }
    });
  const running = Promise.all([write(0), write(1)]);
  return {
    stop() {
      state.isOver = true;
      return running;
    },
  };
}

describe("a server is restored to a moment", () => {
  test("not without a zone, outside of what there is, or under another name, and nothing changes", async () => {
    const noZone = await under.ops(["restore", "--to", "2026-11-20 14:30:00"], { exitCode: 2 });
    expect(noZone.text).toContain('"2026-11-20 14:30:00+00" is UTC');
    for (const [to, where] of [
      ["2001-01-01 00:00:00+00", "before the oldest"],
      ["2999-01-01 00:00:00+00", "after the newest"],
    ] as const) {
      const { text } = await under.ops(["restore", "--to", to, "--confirm", database], { exitCode: 2 });
      expect(text).toContain(`is ${where} moment that can be restored`);
      expect(text).toMatch(/choose one from 20\d\d-.*\+00 to 20\d\d-.*\+00/);
    }
    const other = await under.ops(["restore", "--to", "latest", "--confirm", "other"], { exitCode: 2 });
    expect(other.text).toContain(`--confirm ${database}`);
    expect(await listed()).toBe("1\ncurrent\nlock\n");
  });

  test("just before a DROP TABLE under load: shown and taken away again without the typed name", async () => {
    await one("CREATE TABLE public.written (id int PRIMARY KEY)");
    await one("CREATE TABLE public.dropped AS SELECT 7 AS id");
    await moment();
    const writers = startWriters();
    const rows = async (): Promise<number> => Number(await one("SELECT count(*) FROM public.written"));
    await eventually("there are rows", async () => (await rows()) > 50 || undefined);
    const target = await now();
    await one("DROP TABLE public.dropped");
    const before = await rows();
    await eventually("there are more", async () => (await rows()) > before + 50 || undefined);

    const { data } = await restore(["--to", target]);
    expect(data).toMatchObject({ inUse: false, kept: null, backup: expect.stringMatching(/F$/) as string });
    const tables = data.difference?.databases.find(({ name }) => name === "postgres")?.tables;
    expect(tables).toContainEqual({ name: "public.dropped", restored: "1", live: null });
    expect(await current()).toBe("1\n");
    expect(await listed()).toBe("1\ncurrent\nlock\n");
    // The server has gone on meanwhile.
    expect(await rows()).toBeGreaterThan(before + 50);
    await writers.stop();

    // A password that is newer than the moment stays in force.
    await under.configure(["pgstead:roles", "app", "passwordVersion"], 2);
    await under.up();
    const expected = await committedBefore(target);
    const put = await restore(["--to", target, "--confirm", database]);
    expect(put.data).toMatchObject({ inUse: true, generation: 2, fullBackup: true });
    expect(await one("SELECT id FROM public.dropped")).toBe(7);
    expect(await one("SELECT array_agg(id ORDER BY id) FROM public.written")).toEqual(expected);
    expect((expected as unknown[]).length).toBeGreaterThan(50);
    expect(await current()).toBe("2\n");
  });

  test("after it the next preview is empty, roles log in, and archiving goes on on a new line", async () => {
    await under.pulumi(["preview", "--expect-no-changes"]);
    const session = await under.connect("app");
    await session.close();
    const trail = "SELECT command FROM audit.change_log WHERE operation = 'RESTORE'";
    expect(await under.exec("server", ["psql", "-XAtq", "-d", database, "-c", trail])).toMatch(
      /^restore of the server to 20\d\d-.*\+00\n$/,
    );
    expect(await one("SHOW archive_mode")).toBe("on");
    expect(await one("SHOW restore_command")).toBe("");
    expect(await one("SELECT timeline_id FROM pg_control_checkpoint()")).toBe(2);
    const program = backRestCommand(containerPlaces.configuration);
    await under.exec("server", [...program, "check"]);
    await under.exec("ops", ["node", "/usr/lib/pgstead/ops.cjs", "run", "physical-incremental"]);
    const repository = parseInfo(await under.exec("ops", [...program, "info", "--output=json"]));
    const lines = repository.kind === "there" ? repository.backups.map(({ timeline }) => timeline) : [];
    expect(lines).toEqual([1, 2, 2]);
    const { text } = await under.ops(["recovery"]);
    expect(text).toMatch(/any moment from 20\d\d-.* to 20\d\d-.* can be restored/);
  });

  test("killed at every step: one generation or the other, whole, and the next run ends or removes it", async () => {
    const target = await moment();
    await one("CREATE TABLE public.later ()");
    const later = "SELECT to_regclass('public.later') IS NOT NULL";
    const args = ["--to", target, "--confirm", database, "--no-backup"];
    const settled = async (): Promise<string> => (await restore(["--generations"])).data.settled.join("; ");

    await killedAt(/restoring \S+ \(/, args);
    expect(await one(later)).toBe(true);
    await killedAt(/stopping the server with a checkpoint/, args);
    expect(await settled()).toMatch(/was interrupted before anything changed/);
    expect(await one(later)).toBe(true);
    expect(await listed()).toBe("1\n2\n2.json\ncurrent\nlock\n");

    await killedAt(/leading `current` to generation 3/, args);
    const after = await settled();
    expect(await one(later)).toBe(after.includes("brought to its end") ? false : true);

    await killedAt(/starting the server on generation \d/, args);
    expect(await settled()).toContain("brought to its end");
    expect(await one(later)).toBe(false);
    await killedAt(/setting the passwords/, args);
    expect(await settled()).toContain("brought to its end");
    expect(await one("SHOW restore_command")).toBe("");
    await under.pulumi(["preview", "--expect-no-changes"]);
    const { data } = await restore(["--generations"]);
    expect(data.settled).toEqual([]);
    expect(data.generations.filter((generation) => generation.current)).toHaveLength(1);
  });

  test("and back: --undo takes the generation again that it took the place of; then a restore works as before", async () => {
    const kept = await moment();
    await one("CREATE TABLE public.after_it AS SELECT 1 AS id");
    const was = await current();
    await restore(["--to", kept, "--confirm", database, "--no-backup"], 1);
    expect(await one("SELECT to_regclass('public.after_it') IS NULL")).toBe(true);
    const undone = await restore(["--server", "--undo", "--confirm", database]);
    expect(undone.data).toMatchObject({ action: "undo", inUse: true, fullBackup: true });
    expect(await current()).toBe(was);
    expect(await one("SELECT id FROM public.after_it")).toBe(1);
    await under.pulumi(["preview", "--expect-no-changes"]);

    const target = await moment();
    await one("DROP TABLE public.after_it");
    await restore(["--to", target, "--confirm", database, "--no-backup"], 1);
    expect(await one("SELECT id FROM public.after_it")).toBe(1);
    await restore(["--server", "--drop-old", "--confirm", database]);
    const number = (await current()).trim();
    expect(await listed()).toBe(`${number}\n${number}.json\ncurrent\nlock\n`);
  });

  test("kept, to be looked into, and put in place or removed later", async () => {
    await one("CREATE TABLE public.looked AS SELECT 3 AS id");
    const target = await moment();
    await one("DROP TABLE public.looked");
    const { data } = await restore(["--to", target, "--keep"]);
    expect(data).toMatchObject({ inUse: false, kept: `${under.name}-restore` });
    // Nothing was committed between the moment and the DROP, whose lock is there by then.
    expect(data.difference?.databases.flatMap(({ tables }) => tables)).toContainEqual({
      ...{ name: "public.looked", restored: "?", live: null },
    });
    const look = [
      "psql",
      "-XAtq",
      "-h",
      "/tmp",
      "-d",
      "postgres",
      "-c",
      "SELECT count(*) FROM public.written",
    ];
    expect(await under.exec("restore", look)).toMatch(/^[1-9]/);
    const again = await under.ops(["restore", "--to", target], { exitCode: 2 });
    expect(again.text).toContain("restore --discard");
    await restore(["--server", "--confirm", database, "--no-backup"], 1);
    expect(await one("SELECT id FROM public.looked")).toBe(3);
  });

  test("that does not come up on it gets the generation before back, by itself", async () => {
    const was = await current();
    const { data } = await restore(["--to", "latest", "--keep"]);
    const broken = `${volume}/${data.generation ?? ""}`;
    await under.exec("restore", ["mv", `${broken}/pg_replslot`, `${broken}/away`]);
    const { text } = await under.ops(["restore", "--server", "--confirm", database, "--no-backup"], {
      exitCode: 2,
    });
    expect(text).toMatch(/does not come up \(.*pg_replslot.*generation \d+ is in use again/);
    expect(await current()).toBe(was);
    expect(await one("SELECT id FROM public.looked")).toBe(3);
    await under.pulumi(["preview", "--expect-no-changes"]);
  });

  test("a server that is down is restored to all of its log that has arrived", async () => {
    await one("CREATE TABLE public.last AS SELECT 9 AS id");
    await one("SELECT pg_switch_wal()");
    const arrived = "SELECT last_archived_time > now() - interval '5 s' FROM pg_stat_archiver";
    await eventually("the log has arrived", async () => (await one(arrived)) === true || undefined);
    await under.docker.getContainer(`${under.name}-server`).stop();
    const { data } = await restore(["--to", "latest", "--confirm", database, "--no-backup"], 1);
    expect(data).toMatchObject({ inUse: true, target: null, difference: null });
    expect(await one("SELECT id FROM public.last")).toBe(9);
    await under.pulumi(["preview", "--expect-no-changes"]);
  });
});

/** Rows of transactions that had committed by then. */
function committedBefore(target: string): Promise<unknown> {
  return one(
    `SELECT array_agg(id ORDER BY id) FROM public.written WHERE pg_xact_commit_timestamp(xmin) < '${target}'`,
  );
}

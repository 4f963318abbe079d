import type Docker from "dockerode";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  archiveSettings,
  backRestFiles,
  containerPlaces,
  renderBackRest,
  renderPassphrase,
} from "../../components/core/physical/configuration";
import { goodBackups } from "../../components/core/physical/repository";
import { chooseBackup, recoverableWindow } from "../../components/core/physical/window";
import { execIn } from "../../components/io/docker/container";
import { connectDocker } from "../../components/io/docker/engine";
import type { PitrBackend } from "../../components/io/physical/backend";
import { backRest } from "../../components/io/physical/pgbackrest";
import { runInContainer } from "../../components/io/physical/run-in-container";
import { buildTestImage, testImages } from "../support/docker-images";
import { confined, makeContainerServer, type ContainerServer } from "../support/docker-server";
import { eventually } from "../support/eventually";

const docker = connectDocker({});
const passphrase = "a-passphrase-that-nobody-prints";
const volume = "/var/lib/postgresql/data";
const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };

let server: ContainerServer;
let backend: PitrBackend;

beforeAll(async () => {
  await buildTestImage(docker, "postgres");
  server = await makeContainerServer(docker);
  const text = renderBackRest({ keepFull: 2, processes: 1 }, containerPlaces, "Admin");
  const files = [
    [backRestFiles.settings, text],
    [backRestFiles.passphrase, renderPassphrase(passphrase)],
  ].map(([name = "", content = ""]) => `cat >/etc/pgstead/server/${name} <<'END'\n${content.trimEnd()}\nEND`);
  await server.onVolumes(files.join("\n"));
  await server.start();
  const { Name } = await server.container.inspect();
  backend = backRest(runInContainer({}, Name.slice(1)), containerPlaces.configuration);
});

afterAll(async () => {
  await server.remove();
});

describe("pgBackRest in the server's container", () => {
  test("has no repository before it is prepared, and says what to do", async () => {
    expect(await backend.read()).toEqual({ kind: "absent" });
    await expect(backend.back("full", waiting)).rejects.toThrow("npm run pulumi -- up");
  });

  test("prepares the repository, twice as well, and says that archiving is off", async () => {
    await backend.prepare();
    await backend.prepare();
    expect(await backend.read()).toMatchObject({ kind: "there", backups: [], isBusy: false });
    await expect(backend.check(waiting)).rejects.toThrow(
      /archive_mode must be enabled\n.*turns archiving on/,
    );
  });

  test("takes a full backup and one of what changed, once the log arrives", async () => {
    await turnArchivingOn();
    await backend.check(waiting);
    expect(await backend.back("full", waiting)).toEqual([]);
    expect(await backend.back("incremental", waiting)).toEqual([]);
    const repository = await backend.read();
    const [full, incremental] = goodBackups(repository);
    expect(full).toMatchObject({ kind: "full", needs: [] });
    expect(incremental).toMatchObject({ kind: "incremental", needs: [full?.label] });
    const identifier = await server.sql("SELECT system_identifier FROM pg_control_system()");
    expect(repository).toMatchObject({ systemIdentifier: identifier });
  });

  test("restores to just before a DROP TABLE under load: no row before it is lost, none after it is there", async () => {
    await server.sql("CREATE TABLE app (id int PRIMARY KEY); CREATE TABLE dropped AS SELECT 7 AS id");
    // A backup counts from the second after its end on.
    await eventually("a second has passed", async () => isAfter(await serverTime()));
    const writers = [startWriter(server, 0), startWriter(server, 1)];
    const rows = (): Promise<string> => server.sql("SELECT count(*) > 50 FROM app");
    await eventually("there are rows", async () => (await rows()) === "t" || undefined);
    const target = await serverTime();
    await server.sql("DROP TABLE dropped");
    const before = Number(await server.sql("SELECT count(*) FROM app"));
    await eventually(
      "there are more rows",
      async () => Number(await server.sql("SELECT count(*) FROM app")) > before + 50 || undefined,
    );
    await Promise.all(writers.map((writer) => writer.stop()));
    const committed = "SELECT id FROM app WHERE pg_xact_commit_timestamp(xmin) < to_timestamp";
    const expected = await server.sql(`${committed}(${target / 1_000}) ORDER BY id`);
    await backend.check(waiting); // the log has arrived

    await restoreTo(target);
    const restored = await startRestored();
    try {
      expect(await psql(restored, "SELECT id FROM dropped")).toBe("7");
      expect(await psql(restored, "SELECT id FROM app ORDER BY id")).toBe(expected);
      expect(expected.split("\n").length).toBeGreaterThan(50);
      expect(await psql(restored, "SHOW archive_mode")).toBe("off");
      await expect(psql(restored, "CREATE TABLE x ()")).rejects.toThrow("read-only transaction");
    } finally {
      await restored.remove({ force: true });
    }
    // The server beside it has gone on.
    expect(Number(await server.sql("SELECT count(*) FROM app"))).toBeGreaterThan(before);
  });

  test("refuses a second backup while one is under way, and the first one goes on", async () => {
    await server.sql(
      "CREATE TABLE large AS SELECT repeat(md5(g::text), 40) FROM generate_series(1, 200000) g",
    );
    const first = backend.back("full", waiting);
    await eventually("it is under way", async () => (await isBusy()) || undefined);
    await expect(backend.back("incremental", waiting)).rejects.toThrow(
      /another run has the repository's lock[^]*hint: wait until it has ended/,
    );
    expect(await first).toEqual([]);
  });

  test("tells of a page that does not match its checksum, and does not count that backup as a good one", async () => {
    const newest = goodBackups(await backend.read()).at(-1)?.label;
    await server.sql("CREATE TABLE broken AS SELECT g AS id FROM generate_series(1, 10000) g");
    await server.sql("CHECKPOINT");
    const file = `${volume}/current/${await server.sql("SELECT pg_relation_filepath('broken')")}`;
    await server.exec(
      "sh",
      "-c",
      `printf '\\377\\376' | dd of=${file} bs=1 seek=8400 conv=notrunc 2>/dev/null`,
    );
    const before = goodBackups(await backend.read()).length;
    expect((await backend.back("incremental", waiting)).join()).toContain("invalid page checksum");
    await backend.back("full", waiting);
    await backend.back("full", waiting);
    const repository = await backend.read();
    expect(goodBackups(repository).at(-1)?.label).toBe(newest);
    // Two full ones are kept, and these are newer: they are no reason to delete a good one.
    expect(goodBackups(repository)).toHaveLength(before);
    expect(repository).toMatchObject({
      backups: expect.arrayContaining([
        expect.objectContaining({ kind: "incremental", fault: "pages in it do not match their checksums" }),
      ]) as unknown,
    });
    await server.sql("DROP TABLE broken");
  });

  test("finds no fault in the repository, and one flipped byte of it", async () => {
    expect(await backend.verify(waiting)).toEqual([]);
    const files = "find /var/lib/pgbackrest/backup -type f -path '*bundle*' -size +100k | head -1";
    await server.exec(
      "sh",
      "-euc",
      `f=$(${files}); printf '\\377\\376' | dd of="$f" bs=1 seek=50000 conv=notrunc 2>/dev/null`,
    );
    const found = await backend.verify(waiting).then(
      (problems) => problems.map(({ path, message }) => `${path} ${message}`).join("\n"),
      (error: unknown) => String(error),
    );
    expect(found).toMatch(/backup .* is invalid: .*1|cannot be decrypted/);
  });

  test("shows its passphrase nowhere, and nothing of the server's rows in the repository", async () => {
    const shown = [
      await server.sql("SELECT string_agg(setting, ' ') FROM pg_settings"),
      await server.exec(
        "sh",
        "-c",
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '",
      ),
      await server.log(),
    ];
    expect(shown.join("\n")).not.toContain(passphrase);
    expect(await server.exec("sh", "-c", `grep -rl ${passphrase} /var/lib/pgbackrest /var/log || true`)).toBe(
      "",
    );
  });
});

async function turnArchivingOn(): Promise<void> {
  const settings = {
    ...archiveSettings(containerPlaces.configuration, "60s"),
    // Tells which transactions had committed by a moment.
    track_commit_timestamp: "on",
  };
  for (const [name, value] of Object.entries(settings)) {
    await server.sql(`ALTER SYSTEM SET ${name} = '${value}'`);
  }
  await server.container.restart({ t: 60 });
  await eventually("the server is back", () => server.sql("SELECT 1").catch(() => undefined));
}

async function serverTime(): Promise<number> {
  return Math.ceil(Number(await server.sql("SELECT extract(epoch FROM clock_timestamp()) * 1000")));
}

/** Whether some moment can be restored by now. */
async function isAfter(now: number): Promise<true | undefined> {
  const window = recoverableWindow(goodBackups(await backend.read()), undefined);
  return window !== undefined && now > window.oldest ? true : undefined;
}

async function isBusy(): Promise<boolean> {
  const repository = await backend.read();
  return repository.kind === "there" && repository.isBusy;
}

/** A session that commits one row after the other. */
function startWriter(on: ContainerServer, offset: number): { stop(): Promise<void> } {
  const state = { isOver: false };
  const work = async (): Promise<void> => {
    const client: Client = await on.login();
    for (let id = offset; !state.isOver; id += 2) await client.query("INSERT INTO app VALUES ($1)", [id]);
    await client.end();
  };
  const running = work();
  return {
    stop() {
      state.isOver = true;
      return running;
    },
  };
}

async function restoreTo(target: number): Promise<void> {
  const backups = goodBackups(await backend.read());
  const choice = chooseBackup(backups, recoverableWindow(backups, target), target);
  if (choice.kind === "refused") throw new Error(choice.problem.message);
  await backend.restore({ backup: choice.backup.label, target, directory: `${volume}/2` }, waiting);
}

/** A server of its own on what was restored, without any network. */
async function startRestored(): Promise<Docker.Container> {
  const { Mounts } = await server.container.inspect();
  const Binds = Mounts.filter(({ Destination }) => !/run|log/.test(Destination)).map(
    ({ Name = "", Destination }) => `${Name}:${Destination}`,
  );
  const settings = ["listen_addresses=", "unix_socket_directories=/tmp", "logging_collector=off"];
  const container = await docker.createContainer({
    Image: testImages.postgres,
    Entrypoint: ["postgres", "-D", `${volume}/2`, ...settings.flatMap((setting) => ["-c", setting])],
    Cmd: [],
    HostConfig: { ...confined, NetworkMode: "none", Binds },
  });
  try {
    await container.start();
    await eventually("the moment is reached", async () => {
      const { State } = await container.inspect();
      if (!State.Running) throw new Error(String(await container.logs({ stdout: true, stderr: true })));
      const paused = psql(container, "SELECT pg_get_wal_replay_pause_state()").catch(() => "");
      return (await paused) === "paused" || undefined;
    });
    return container;
  } catch (error) {
    await container.remove({ force: true });
    throw error;
  }
}

async function psql(container: Docker.Container, sql: string): Promise<string> {
  const command = ["psql", "-XAtq", "-h", "/tmp", "-U", "Admin", "-d", "postgres", "-c", sql];
  const { exitCode, stdout, stderr } = await execIn(docker, container.id, command, { timeoutMs: 30_000 });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.trimEnd();
}

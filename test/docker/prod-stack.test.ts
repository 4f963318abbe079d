import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";
import { testHardening } from "../support/hardened-stack";
import { testWatching } from "../support/watched-stack";

const kinds = ["server", "ops", "exporter", "node-exporter", "prometheus", "alertmanager"];
let under: DockerStackUnderTest;

beforeAll(async () => {
  under = await makeDockerStack([], { asCommitted: true });
  await under.up();
}, 900_000);

afterAll(() => under.remove(), 300_000);

async function sql<Row extends Record<string, unknown>>(text: string, role?: string): Promise<Row[]> {
  const session = await under.connect(role);
  try {
    return await session.query<Row>(text);
  } finally {
    await session.close();
  }
}

async function startTime(): Promise<unknown> {
  const [row] = await sql<{ at: string }>("SELECT pg_postmaster_start_time()::text AS at");
  return row?.at;
}

async function inspect(kind: string) {
  return under.docker.getContainer(`${under.name}-${kind}`).inspect();
}

describe("a stack of containers", () => {
  test("a second run changes nothing, and neither does a refresh", async () => {
    const second = await under.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
    expect(second.text).toContain("unchanged");
    await under.pulumi(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
    await under.pulumi(["preview", "--expect-no-changes"]);
  });

  test("all containers become healthy, and Prometheus sees the server", async () => {
    for (const kind of kinds) {
      const look = async () => ((await inspect(kind)).State.Health?.Status === "healthy" ? true : undefined);
      // A look that came too early is made again after half a minute.
      await eventually(`${kind} is healthy`, look, 120_000);
    }
    const ports = (await inspect("prometheus")).NetworkSettings.Ports["9090/tcp"];
    const url = `http://127.0.0.1:${ports?.[0]?.HostPort ?? ""}/api/v1/query?query=pg_up`;
    const value = await eventually("a scrape shows pg_up", async () => {
      const { data } = (await (await fetch(url)).json()) as {
        data: { result: { value: [number, string] }[] };
      };
      return data.result[0]?.value[1];
    });
    expect(value).toBe("1");
  });

  test("every container may do no more than it has to", async () => {
    const found = await under.docker.listContainers({ all: true, filters: { name: [under.name] } });
    expect(found.map(({ Names }) => Names[0]?.replace(`/${under.name}-`, "")).toSorted()).toEqual(
      kinds.toSorted(),
    );
    for (const kind of kinds) {
      const { Config, HostConfig, Mounts } = await inspect(kind);
      expect({ kind, user: Config.User }).toMatchObject({
        user: expect.stringMatching(/^(?:999:999|990:990)$/) as string,
      });
      expect(HostConfig).toMatchObject({
        Privileged: false,
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        RestartPolicy: { Name: "unless-stopped" },
        LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "5" } },
      });
      expect(HostConfig.CapAdd ?? []).toEqual([]);
      expect(HostConfig.Memory).toBeGreaterThan(0);
      expect(HostConfig.MemorySwap).toBe(HostConfig.Memory);
      expect(Config.Healthcheck?.Test?.length).toBeGreaterThan(1);
      expect(Mounts.map(({ Source }) => Source).filter((source) => source.includes("docker.sock"))).toEqual(
        [],
      );
    }
  });

  testWatching(() => under);

  test("nothing of what Docker shows holds a secret", async () => {
    const { administratorUri, uris, healthToken } = await under.outputs<{
      administratorUri: string;
      uris: Record<string, string>;
      healthToken: string;
    }>();
    const passwords = [administratorUri, ...Object.values(uris)].map((uri) => new URL(uri).password);
    const secrets = [...passwords, healthToken];
    expect(secrets.length).toBeGreaterThan(4);
    for (const kind of kinds) {
      const { Image, ...container } = await inspect(kind);
      const image = under.docker.getImage(Image);
      const text = JSON.stringify([container, await image.inspect(), await image.history()]);
      for (const secret of secrets) expect(text).not.toContain(secret);
      expect(text).not.toContain("SCRAM-SHA-256$");
      expect(text).not.toContain("PRIVATE KEY");
    }
  });

  test("a login from another container needs TLS: pg_hba refuses it in clear", async () => {
    const { uris } = await under.outputs<{ uris: Record<string, string> }>();
    const { password } = new URL(uris.app!);
    const attempt = (mode: string): Promise<string> =>
      under.exec(
        "ops",
        [
          "sh",
          "-c",
          `read -r PGPASSWORD; export PGPASSWORD; psql -XqAt "host=server user=promptforge_app dbname=promptforge sslmode=${mode}" -c "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"`,
        ],
        `${password}\n`,
      );
    expect((await attempt("require")).trim()).toBe("t");
    await expect(attempt("disable")).rejects.toThrow(/no encryption|pg_hba.conf rejects/);
  });

  testHardening(() => under);

  test("the exporter's role reads statistics and nothing else", async () => {
    await expect(sql("SELECT * FROM app.nothing", "monitor")).rejects.toThrow(
      /permission denied|does not exist/,
    );
    const [row] = await sql<{ limit: number }>(
      "SELECT rolconnlimit AS limit FROM pg_roles WHERE rolname = 'promptforge_monitor'",
    );
    expect(row?.limit).toBe(5);
  });
});

describe("a running server", () => {
  test("gets another password and another certificate without a restart", async () => {
    const before = await startTime();
    await under.configure(["pgstead:server", "administrator"], { passwordVersion: 2 });
    await under.configure(["pgstead:server", "certificate"], { names: ["db.example.com"] });
    await under.up();
    expect(await startTime()).toBe(before);
    const text = await under.exec("server", ["sh", "-c", "cat /etc/pgstead/server/server.crt"]);
    expect(text).toContain("BEGIN CERTIFICATE");
    await under.pulumi(["preview", "--expect-no-changes"]);
  });

  test("is not restarted for a setting unless that is allowed, and gets its settings back where it does not start", async () => {
    await under.configure(["pgstead:server", "settings", "max_locks_per_transaction"], 128);
    const refused = await under.pulumi(["up", "--yes", "--skip-preview"], { exitCode: "any" });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.text).toContain("restart");
    await under.configure(["pgstead:server", "restart"], "allow");
    await under.up();
    expect(await sql("SHOW max_locks_per_transaction")).toEqual([{ max_locks_per_transaction: "128" }]);

    // More than the container's memory: the server cannot start with it.
    await under.configure(["pgstead:server", "settings", "huge_pages"], "on");
    const failed = await under.pulumi(["up", "--yes", "--skip-preview"], { exitCode: "any" });
    expect(failed.exitCode).not.toBe(0);
    expect(failed.text).toMatch(/The settings before were put back, and the server runs again/);
    expect(await sql("SHOW huge_pages")).toEqual([{ huge_pages: "off" }]);
    await under.configure(["pgstead:server", "settings", "huge_pages"], undefined);
    await under.up();
  });

  test("keeps its data when its container is replaced, which is announced, and refused unless it is allowed", async () => {
    await sql("CREATE TABLE IF NOT EXISTS public.kept AS SELECT 42 AS answer");
    await under.configure(["pgstead:server", "restart"], "refuse");
    await under.configure(["pgstead:server", "shmSize"], "128MB");
    const { id } = await idOf("server");
    const refused = await under.pulumi(["up", "--yes", "--skip-preview"], { exitCode: "any" });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.text).toContain("its container has to be replaced: shmSize 256MB → 128MB");
    expect((await idOf("server")).id).toBe(id);

    await under.configure(["pgstead:server", "restart"], "allow");
    const announced = await under.pulumi(["preview"]);
    expect(announced.text).toMatch(
      /stop the server with a checkpoint, and replace container .*without service \[restart\]/,
    );
    await under.up();
    expect((await idOf("server")).id).not.toBe(id);
    expect(await sql("SELECT answer FROM public.kept")).toEqual([{ answer: 42 }]);
    const log = await under.exec("server", ["sh", "-c", "cat /var/log/postgresql/*.json"]);
    expect(log).not.toContain("was not properly shut down");
  });

  test("is upgraded to a minor version by the image's tag; one that there is not leaves it as it is", async () => {
    const [{ version } = { version: "" }] = await sql<{ version: string }>(
      "SELECT split_part(current_setting('server_version'), ' ', 1) AS version",
    );
    const before = await idOf("server");
    await under.configure(["pgstead:server", "version"], "17.99");
    const failed = await under.pulumi(["up", "--yes", "--skip-preview"], { exitCode: "any" });
    expect(failed.exitCode).not.toBe(0);
    expect(failed.text).toContain(`Debian trixie has PostgreSQL ${version}, POSTGRES_VERSION is 17.99`);
    expect(await idOf("server")).toEqual(before);
    expect(await sql("SELECT answer FROM public.kept")).toEqual([{ answer: 42 }]);

    await under.configure(["pgstead:server", "version"], version);
    await under.up();
    expect(await idOf("server")).not.toEqual(before);
    expect(await sql("SELECT answer FROM public.kept")).toEqual([{ answer: 42 }]);
  });

  test("comes back with its data when its container was removed by hand", async () => {
    await under.docker.getContainer(`${under.name}-server`).remove({ force: true });
    const { text } = await under.up();
    expect(text).toContain("is gone");
    expect(await sql("SELECT answer FROM public.kept")).toEqual([{ answer: 42 }]);
    await under.pulumi(["preview", "--expect-no-changes"]);
  });

  test("is started again when somebody stopped it, as are the containers beside it", async () => {
    await under.docker.getContainer(`${under.name}-server`).stop();
    await under.docker.getContainer(`${under.name}-prometheus`).stop();
    const { text } = await under.pulumi(["preview"]);
    expect(text).toContain(`start container ${under.name}-server`);
    expect(text).toContain(`start container ${under.name}-prometheus`);
    await under.up();
    expect(await sql("SELECT answer FROM public.kept")).toEqual([{ answer: 42 }]);
  });

  test("loses no committed row in a power cut", async () => {
    await sql("CREATE TABLE public.ledger (n int PRIMARY KEY)");
    const committed = { last: 0 };
    const writer = (async () => {
      const session = await under.connect();
      try {
        await session.query("SET synchronous_commit = on");
        for (let n = 1; ; n++) {
          await session.query("INSERT INTO public.ledger VALUES ($1)", [n]);
          committed.last = n;
        }
      } finally {
        await session.close().catch(() => undefined);
      }
    })();
    const ended = writer.catch((error: unknown) => error);
    await eventually("rows are being written", () => (committed.last > 200 ? true : undefined));
    await under.exec("server", ["sh", "-c", 'kill -9 $(head -1 "$PGDATA/postmaster.pid")']).catch(() => "");
    expect(await ended).toBeInstanceOf(Error);
    const [row] = await eventually("the server is back", async () =>
      sql<{ n: number }>("SELECT count(*)::int AS n FROM public.ledger").catch(() => undefined),
    );
    expect(row!.n).toBeGreaterThanOrEqual(committed.last);
    expect(row!.n).toBeLessThanOrEqual(committed.last + 1);
  });
});

describe("the end of a stack", () => {
  test("is refused while it is protected, before anything is touched, and names what is protected", async () => {
    const { exitCode, text } = await under.pulumi(["destroy", "--yes", "--skip-preview"], {
      exitCode: "any",
    });
    expect(exitCode).not.toBe(0);
    expect(text).toContain("protected");
    expect(text).toMatch(
      /Database promptforge, Volume data, Volume logs, Volume repository; nothing was touched/,
    );
    expect(await sql("SELECT answer FROM public.kept")).toEqual([{ answer: 42 }]);
  });

  test("leaves the volumes of data, logs and backups, and nothing else", async () => {
    await under.configure(["pgstead:protect"], false);
    await under.up();
    await under.pulumi(["destroy", "--yes", "--skip-preview"]);
    const { docker, name } = under;
    const left = {
      containers: (await docker.listContainers({ all: true }))
        .flatMap(({ Names }) => Names)
        .filter((n) => n.includes(name)),
      networks: (await docker.listNetworks()).filter(({ Name }) => Name.startsWith(name)),
      images: (await docker.listImages())
        .flatMap(({ RepoTags }) => RepoTags ?? [])
        .filter((tag) => tag.startsWith(name)),
      volumes: (await docker.listVolumes()).Volumes.map(({ Name }) => Name)
        .filter((n) => n.startsWith(name))
        .toSorted(),
    };
    expect(left).toEqual({
      containers: [],
      networks: [],
      images: [],
      volumes: ["data", "logs", "repository"].map((kind) => `${name}-${kind}`),
    });
  });
});

async function idOf(kind: string): Promise<{ id: string }> {
  return { id: (await inspect(kind)).Id };
}

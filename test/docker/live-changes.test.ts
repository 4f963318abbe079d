import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeAuthority, type CertificatePair } from "../../components/io/certificate";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { watchContainer } from "../support/engine-events";
import { eventually } from "../support/eventually";
import { freeSubnet } from "../support/offline-docker";

let under: DockerStackUnderTest;

beforeAll(async () => {
  under = await makeDockerStack([
    [["pgstead:monitoring"], { enabled: false }],
    [["pgstead:docker", "ulimits"], { nofile: { soft: 4096, hard: 8192 }, core: { soft: 0 } }],
  ]);
  await under.up();
}, 300_000);

afterAll(() => under.remove(), 300_000);

async function sql(text: string): Promise<Record<string, unknown>[]> {
  const session = await under.connect();
  try {
    return await session.query(text);
  } finally {
    await session.close();
  }
}

/** Its container and the start of its postmaster: the same means that nobody was cut off. */
async function life() {
  const { Id } = await under.docker.getContainer(`${under.name}-server`).inspect();
  const [row] = await sql("SELECT pg_catalog.pg_postmaster_start_time()::text AS started");
  return { id: Id, ...row };
}

/** What a client gets that asks for `verify-full` and believes this authority alone. */
async function loginWith(ca: string): Promise<string> {
  const { administratorUri } = await under.outputs<{ administratorUri: string }>();
  const { hostname, port, username, password } = new URL(administratorUri);
  const secret = decodeURIComponent(password);
  const login = {
    host: hostname,
    port: Number(port),
    user: username,
    password: secret,
    database: "postgres",
  };
  const client = new Client({ ...login, ssl: { ca } });
  try {
    await client.connect();
    const { rows } = await client.query<{ ssl: boolean }>(
      "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()",
    );
    return rows[0]?.ssl === true ? "in, with TLS" : "in, without TLS";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function authorityInUse(): Promise<string> {
  return (await under.outputs<{ caCertificate: string }>()).caCertificate;
}

async function declareAuthority({ certificate, key }: CertificatePair): Promise<void> {
  await writeFile(join(under.checkout.directory, "given-ca.crt"), certificate);
  await under.configure(["pgstead:server", "certificate", "ca"], "given-ca.crt");
  await under.pulumi(["config", "set", "--secret", "pgstead:caKey"], { input: key });
}

async function undeclareAuthority(): Promise<void> {
  await under.configure(["pgstead:server", "certificate"], undefined);
  await under.configure(["pgstead:caKey"], undefined);
}

const refusedCodes =
  /^(?:SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/;

describe("declared limits of the kernel", () => {
  test("are those of the container, and of the server in it", async () => {
    const { HostConfig } = await under.docker.getContainer(`${under.name}-server`).inspect();
    expect(Object.fromEntries((HostConfig.Ulimits ?? []).map(({ Name, ...limit }) => [Name, limit]))).toEqual(
      {
        core: { Soft: 0, Hard: 0 },
        nofile: { Soft: 4096, Hard: 8192 },
      },
    );
    for (const pid of ["1", '$(head -1 "$PGDATA/postmaster.pid")']) {
      const limits = await under.exec("server", ["sh", "-c", `cat /proc/${pid}/limits`]);
      expect(limits).toMatch(/^Max open files +4096 +8192 /m);
      expect(limits).toMatch(/^Max core file size +0 +0 /m);
    }
  });
});

describe("the authority of a server that runs", () => {
  test("is exchanged for a declared one and back, by a reload and without a restart", async () => {
    const before = await life();
    const first = await authorityInUse();
    expect(await loginWith(first)).toBe("in, with TLS");

    const given = await makeAuthority(new Date());
    await declareAuthority(given);
    const { text } = await under.up();
    expect(text).not.toContain(given.key.split("\n")[1]);
    expect(await life()).toEqual(before);
    expect(await authorityInUse()).toBe(given.certificate);
    expect(await loginWith(given.certificate)).toBe("in, with TLS");
    expect(await loginWith(first)).toMatch(refusedCodes);
    await under.pulumi(["preview", "--expect-no-changes"]);
    // Who renews the certificate from now on has the new key.
    expect((await under.exec("ops", ["cat", "/etc/pgstead/ops/ca.key"])).trim()).toBe(given.key.trim());

    await undeclareAuthority();
    await under.up();
    const again = await authorityInUse();
    expect(await life()).toEqual(before);
    expect(again).not.toBe(given.certificate);
    expect(await loginWith(again)).toBe("in, with TLS");
    expect(await loginWith(given.certificate)).toMatch(refusedCodes);
    const copy = join(under.checkout.directory, ".pgstead", `${under.name}-ca.crt`);
    expect(await readFile(copy, "utf8")).toBe(again);
  });
});

describe("another subnet, which takes the network and all containers with it,", () => {
  test("stops the server by its stop signal and with a checkpoint, and kills it never", async () => {
    await sql("CREATE TABLE public.kept AS SELECT 42 AS answer");
    const subnet = await freeSubnet(under.docker);
    await under.configure(["pgstead:server", "restart"], "allow");
    await under.configure(["pgstead:docker", "subnet"], subnet);
    const events = await watchContainer(under.docker, `${under.name}-server`);
    try {
      await under.up();
      await eventually("the new container is told", () => events.seen.includes("start") || undefined);
    } finally {
      events.stop();
    }
    // 2 is SIGINT, PostgreSQL's fast shutdown.
    expect(events.seen).toEqual(["kill 2", "die 0", "stop", "destroy", "create", "start"]);
    const network: unknown = await under.docker.getNetwork(under.name).inspect();
    expect(network).toMatchObject({ IPAM: { Config: [{ Subnet: subnet }] } });
    expect(await sql("SELECT answer FROM public.kept")).toEqual([{ answer: 42 }]);
    const log = await under.exec("server", [
      "sh",
      "-c",
      "grep -hE 'shut down|recovery|interrupted' /var/log/postgresql/*.json",
    ]);
    expect(log).toMatch(/database system was shut down at/);
    expect(log).not.toMatch(/was not properly shut down|automatic recovery|was interrupted/);
  });
});

describe("limits that the engine refuses", () => {
  test("are named, and cost a server that runs nothing", async () => {
    const before = await life();
    await under.configure(["pgstead:docker", "ulimits"], { nofile: { soft: 4096, hard: 1_073_741_824 } });
    const { exitCode, text } = await under.pulumi(["up", "--yes", "--skip-preview"], { exitCode: "any" });
    expect(exitCode).not.toBe(0);
    expect(text).toContain("pgstead:docker.ulimits.nofile:");
    expect(text).toContain("the engine may not raise it this far; the server was not touched");
    expect(text).toContain("LimitNOFILE=");
    expect(await life()).toEqual(before);
  });
});

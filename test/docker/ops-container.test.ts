import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { usualBackups } from "../../components/core/backup/plan";
import { renderOpsContext } from "../../components/core/ops-context";
import { issueServerCertificate, makeAuthority } from "../../components/io/certificate";
import { connectDocker } from "../../components/io/docker/engine";
import { buildTestImage, testImages } from "../support/docker-images";
import { confined, makeContainerServer, runOnce, type ContainerServer } from "../support/docker-server";
import { eventually } from "../support/eventually";

const docker = connectDocker({});
const name = `pgstead-test-${randomBytes(4).toString("hex")}`;
const opsFiles = `${name}-ops-files`;
const day = 86_400_000;

let server: ContainerServer;
let network: Docker.Network;
let ops: Docker.Container;

beforeAll(async () => {
  await buildTestImage(docker, "ops");
  server = await makeContainerServer(docker);
  const authority = await makeAuthority(new Date());
  const names = ["127.0.0.1", "server"];
  // Begun 61 of its 90 days ago: it is to be renewed.
  const { certificate, key } = await issueServerCertificate(
    authority,
    names,
    90,
    new Date(Date.now() - 61 * day),
  );
  const place = "/etc/pgstead/server";
  await server.onVolumes(
    [
      write(`${place}/ca.crt`, authority.certificate),
      write(`${place}/server.crt`, certificate),
      write(`${place}/server.key`, key),
    ].join("\n"),
  );
  const context = renderOpsContext({
    version: "0.0.0",
    project: "pgstead",
    stack: "prod",
    prefix: name,
    declared: {
      server: { administrator: { name: "Admin" } },
      databases: [{ name: "postgres", keepPrivileges: true, extensions: [], schemas: [], roles: [] }],
    },
    backup: { ...usualBackups, schedule: "0 0 29 2 *" },
    certificate: { names, validity: 90, renewBefore: 30 },
    logs: { days: 14, maxBytes: 1024 ** 3, minFreePercent: 0 },
  });
  const files = [
    write("/etc/pgstead/ops/context.json", context),
    write("/etc/pgstead/ops/ca.key", authority.key),
    "chmod 0400 /etc/pgstead/ops/ca.key",
  ];
  await runOnce(docker, testImages.ops, ["sh", "-euc", files.join("\n")], {
    Binds: [`${opsFiles}:/etc/pgstead/ops`],
  });
  network = await docker.createNetwork({ Name: name });
  await network.connect({ Container: server.container.id, EndpointConfig: { Aliases: ["server"] } });
  ops = await docker.createContainer(await order());
});

afterAll(async () => {
  await ops.remove({ force: true });
  await server.remove();
  await network.remove();
  await docker.getVolume(opsFiles).remove();
});

/** A line of a script that writes a file. */
function write(path: string, text: string): string {
  return `cat >${path} <<'END'\n${text.trimEnd()}\nEND`;
}

/** As components/operations.ts runs it. */
async function order(): Promise<Docker.ContainerCreateOptions> {
  const { Mounts } = await server.container.inspect();
  const volumes = Mounts.map(({ Name = "", Destination }) => {
    const isReadOnly = Destination === "/var/lib/postgresql/data";
    return `${Name}:${Destination}${isReadOnly ? ":ro" : ""}`;
  });
  return {
    name: `${name}-ops`,
    Image: testImages.ops,
    HostConfig: { ...confined, NetworkMode: name, Binds: [...volumes, `${opsFiles}:/etc/pgstead/ops:ro`] },
  };
}

/** Runs the program in the container as it runs. */
async function run(...args: readonly string[]): Promise<{ exitCode: number | null; output: string }> {
  const Cmd = ["node", "/usr/lib/pgstead/ops.cjs", ...args];
  const exec = await ops.exec({ Cmd, AttachStdout: true, AttachStderr: true, Tty: true });
  const stream = await exec.start({});
  const output = await stream.toArray();
  return { exitCode: (await exec.inspect()).ExitCode, output: output.map(String).join("") };
}

async function log(): Promise<string> {
  return (await ops.logs({ stdout: true, stderr: true })).toString("utf8");
}

function told(pattern: RegExp): Promise<string> {
  return eventually(`${pattern.source} is told`, async () => pattern.exec(await log())?.[0]);
}

describe("the ops container", () => {
  test("starts beside the server, waits for it, and renews its certificate without a restart", async () => {
    await ops.start();
    await server.start(); // later, as after a start of the host
    await told(/a new certificate is served, without a restart; of the one before: it ends in 2\d d/);
    expect(await log()).not.toContain("PRIVATE KEY");
    expect(await server.exec("stat", "-c", "%a %u", "/etc/pgstead/server/server.key")).toBe("600 999");
  });

  test("is healthy, and measures what it does", async () => {
    const health = await run("health");
    expect(health.output).toContain("the scheduler works");
    expect(health.exitCode).toBe(0);
    const { NetworkSettings } = await ops.inspect();
    const address = NetworkSettings.Networks[name]?.IPAddress ?? "";
    const metrics = await (await fetch(`http://${address}:9188/metrics`)).text();
    expect(metrics).toMatch(/^pgstead_job_last_success_timestamp_seconds\{job_name="certificate"\} \d/m);
    expect(metrics).toMatch(/^pgstead_certificate_expiry_timestamp_seconds\{certificate="server"\} \d/m);
    for (const volume of ["data", "logs", "repository"]) {
      expect(metrics).toMatch(new RegExp(`^pgstead_volume_free_bytes\\{volume="${volume}"\\} [1-9]`, "m"));
    }
  });

  test("logs in over the socket by its account, and shows the status", async () => {
    const { exitCode, output } = await run("status");
    expect(output).toContain("stack prod: PostgreSQL 17");
    expect(output).toContain("at /var/run/postgresql/.s.PGSQL.5432");
    expect(exitCode).toBe(0);
  });

  test("compresses the log files that the server has finished with", async () => {
    const before = await server.sql("SELECT pg_current_logfile('jsonlog')");
    await eventually("another file is written", async () => {
      await server.sql("SELECT pg_rotate_logfile()");
      return (await server.sql("SELECT pg_current_logfile('jsonlog')")) !== before || undefined;
    });
    await eventually("it is compressed", () =>
      server.exec("test", "-f", `${before}.gz`).catch(() => undefined),
    );
    expect(await server.exec("stat", "-c", "%a", `${before}.gz`)).toBe("640");
  });

  test("takes a backup with the server's own programs, over the socket, onto the volume of backups", async () => {
    await server.sql("CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id");
    const { exitCode, output } = await run("run", "backup");
    expect(output).toMatch(/took postgres_full_\d{8}_\d{6}, .*, and verified it/);
    expect(exitCode).toBe(0);
    const verified = await run("backup", "verify", "--all");
    expect(verified.output).toMatch(/postgres_full_\d{8}_\d{6}: good\s/);
    const status = await run("backup", "status");
    expect(status).toMatchObject({ exitCode: 0 });
    expect(status.output).toContain("/var/lib/pgbackrest/pgstead/logical");
    const [name = ""] = /postgres_full_\d{8}_\d{6}/.exec(output) ?? [];
    const directory = `/var/lib/pgbackrest/pgstead/logical/${name}`;
    expect(await server.exec("stat", "-c", "%a %u", directory)).toBe("700 999");
  });

  test("measures its backups, whoever took them, and when the next one is", async () => {
    const { NetworkSettings } = await ops.inspect();
    const address = NetworkSettings.Networks[name]?.IPAddress ?? "";
    const metrics = await (await fetch(`http://${address}:9188/metrics`)).text();
    for (const figure of [
      "newest_timestamp_seconds",
      "newest_bytes",
      "last_verified_timestamp_seconds",
      "count",
    ]) {
      expect(metrics).toMatch(new RegExp(`^pgstead_backup_${figure}\\{database="postgres"\\} [1-9]`, "m"));
    }
    expect(metrics).toMatch(/^pgstead_backup_exit_code\{database="postgres"\} 0$/m);
    expect(metrics).toMatch(/^pgstead_job_next_run_timestamp_seconds\{job_name="backup"\} [1-9]/m);
  });

  test("says where a command runs that is not for it", async () => {
    const { exitCode, output } = await run("plan");
    expect(exitCode).toBe(2);
    expect(output).toContain("npm run ops -- plan --stack prod");
  });

  test("ends at once when it is asked to, and remembers its jobs", async () => {
    await ops.stop({ t: 30 });
    expect((await ops.inspect()).State).toMatchObject({ ExitCode: 0, Running: false });
    const state = await server.exec("cat", "/var/lib/pgbackrest/pgstead/jobs.json");
    expect(JSON.parse(state)).toMatchObject({ format: 1, jobs: { certificate: {}, logs: {} } });
  });
});

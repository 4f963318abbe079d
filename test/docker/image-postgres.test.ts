import { setTimeout } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { provenFile } from "../../components/io/settings-proof";
import { buildTestImage } from "../support/docker-images";
import { makeContainerServer, type ContainerServer } from "../support/docker-server";
import { eventually } from "../support/eventually";

const docker = connectDocker({});
const made: ContainerServer[] = [];
const data = "/var/lib/postgresql/data";

beforeAll(async () => {
  await buildTestImage(docker, "postgres");
});

afterEach(async () => {
  for (const server of made.splice(0)) await server.remove();
});

async function make(): Promise<ContainerServer> {
  const server = await makeContainerServer(docker);
  made.push(server);
  return server;
}

function until(question: string, ask: () => Promise<boolean>): Promise<true> {
  return eventually(question, async () => (await ask()) || undefined);
}

async function started(): Promise<ContainerServer> {
  const server = await make();
  await server.start();
  return server;
}

describe("the first start", () => {
  test("makes a server with checksums, in UTF8, in a generation of its own", async () => {
    const server = await started();
    const settings = [
      "data_checksums",
      "server_encoding",
      "ssl",
      "ssl_min_protocol_version",
      "data_directory",
    ];
    const shown = await server.sql(settings.map((name) => `SHOW ${name}`).join("; "));
    expect(shown.split("\n")).toEqual(["on", "UTF8", "on", "TLSv1.2", `${data}/current`]);
    expect(await server.exec("readlink", `${data}/current`)).toBe("1");
    const collation =
      "SELECT datlocprovider, datcollate, datlocale FROM pg_database WHERE datname = 'template1'";
    expect(await server.sql(collation)).toBe("b|C|C.UTF-8");
  });

  test("runs with a read-only root, no capability and no way to more rights", async () => {
    const server = await started();
    const status = await server.exec("sh", "-c", "cat /proc/$(head -1 $PGDATA/postmaster.pid)/status");
    expect(status).toMatch(/^Uid:\s+999\s+999\s+999\s+999$/m);
    expect(status).toMatch(/^CapPrm:\s+0+$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    await expect(server.exec("touch", "/usr/share/pgstead/x")).rejects.toThrow("Read-only file system");
  });

  test("leaves every setting to ALTER SYSTEM", async () => {
    const server = await started();
    await server.sql("ALTER SYSTEM SET log_rotation_age = '2d'");
    await server.sql("SELECT pg_reload_conf()");
    await eventually(
      "the setting is loaded",
      async () => (await server.sql("SHOW log_rotation_age")) === "2d",
    );
    expect(await server.sql("SELECT count(*) FROM pg_settings WHERE source = 'command line'")).toBe("0");
  });

  test("logs as JSON into the volume of the logs", async () => {
    const server = await started();
    const text = await server.exec("sh", "-c", "head -1 /var/log/postgresql/*.json");
    expect(JSON.parse(text)).toMatchObject({ backend_type: "postmaster" });
    expect(await server.exec("sh", "-c", "stat -c %a /var/log/postgresql/*.json")).toBe("640");
  });

  test("without a name or a verifier of the administrator is refused", async () => {
    const server = await make();
    await server.onVolumes("rm -f /etc/pgstead/server/administrator.verifier");
    expect(await server.startToEnd()).toBe(78);
    expect(await server.log()).toContain("administrator.verifier is missing or not readable");
  });
});

describe("access", () => {
  test("is the administrator's alone: over TCP with TLS and a password, on the socket by account", async () => {
    const server = await started();
    const client = await server.login();
    const { rows } = await client.query("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    expect(rows).toEqual([{ ssl: true, version: "TLSv1.3" }]);
    await client.end();
    expect(await server.sql("SELECT current_user")).toBe("Admin");
  });

  test("without TLS is refused by pg_hba.conf", async () => {
    const server = await started();
    await expect(server.login({ tls: false })).rejects.toMatchObject({ code: "28000" });
  });

  test("rules that no login has proven are taken back by the next start", async () => {
    const server = await started();
    await server.exec(
      "sh",
      "-c",
      "cd $PGDATA && cp pg_hba.conf pg_hba.conf.pgstead-previous && echo 'local all all reject' >pg_hba.conf",
    );
    await server.container.stop();
    await server.start();
    expect(await server.sql("SELECT 1")).toBe("1");
    expect(await server.log()).toContain("the rules before are put back");
  });
});

describe("a start that was killed", () => {
  test("in initdb is begun again", async () => {
    const server = await make();
    await server.container.start();
    await until("initdb works", async () => (await server.onVolumes(`ls ${data}`)).includes("1.partial"));
    await server.container.kill();
    expect(await server.onVolumes(`ls ${data}`)).toBe("1.partial\nlock");
    await server.start();
    expect(await server.exec("ls", data)).toBe("1\ncurrent\nlock");
  });

  test("before the generation had its link goes on with it", async () => {
    const server = await started();
    await server.sql("CREATE TABLE kept (); CHECKPOINT");
    await server.container.kill();
    await server.onVolumes(`rm ${data}/current`);
    await server.start();
    expect(await server.sql("SELECT count(*) FROM kept")).toBe("0");
  });

  test("of a server recovers by itself", async () => {
    const server = await started();
    await server.sql("CREATE TABLE kept AS SELECT 1 AS x");
    await server.container.kill();
    await server.start();
    expect(await server.sql("SELECT x FROM kept")).toBe("1");
  });
});

describe("data that is not understood is refused, and left as it is", () => {
  test.each([
    [
      "of another major version",
      `echo 16 >${data}/current/PG_VERSION`,
      "the data is of PostgreSQL 16, this image has PostgreSQL 17.",
    ],
    [
      "that 'current' leads nowhere to",
      `ln -sfn 7 ${data}/current`,
      "leads to 7, which is no data directory",
    ],
    [
      "that nothing leads to",
      `mv ${data}/1 ${data}/2; rm ${data}/current`,
      "has no link 'current', and holds 2",
    ],
  ])("%s", async (_, script, refusal) => {
    const server = await started();
    await server.container.stop();
    await server.onVolumes(script);
    const before = await server.onVolumes(`find ${data} -type f | sort | xargs cksum`);
    expect(await server.startToEnd()).toBe(78);
    expect((await server.log()).split("\n").at(-1)).toContain(refusal);
    expect(await server.onVolumes(`find ${data} -type f | sort | xargs cksum`)).toBe(before);
  });

  test("a second server on the same volume", async () => {
    const server = await started();
    const second = `sh /usr/lib/pgstead/entrypoint.sh 2>&1 || echo "ended with $?"`;
    expect(await server.onVolumes(second)).toBe(
      "pgstead: another container runs a server on this data volume: stop that one first\nended with 78",
    );
    expect(await server.sql("SELECT 1")).toBe("1");
  });
});

describe("settings that wait for the restart that proves them", () => {
  const keepProof = `cp ${data}/current/postgresql.auto.conf ${data}/current/${provenFile}`;

  test("are put back by the second start, if the first one failed", async () => {
    const server = await started();
    await server.sql("ALTER SYSTEM SET work_mem = '7MB'");
    await server.exec("sh", "-c", keepProof);
    await server.sql("ALTER SYSTEM SET shared_preload_libraries = 'not_there'");
    await server.container.stop();
    expect(await server.startToEnd()).toBe(1);
    expect(await server.log()).toContain('could not access file "not_there"');
    await server.start();
    expect(await server.log()).toContain("the settings before are put back");
    expect(await server.sql("SHOW work_mem; SHOW shared_preload_libraries")).toBe("7MB\npg_stat_statements");
    expect(await server.exec("sh", "-c", `ls ${data}/current | grep pgstead || :`)).toBe("");
  });

  test("stay, if a server came up with them in between", async () => {
    const server = await started();
    await server.exec("sh", "-c", keepProof);
    await server.sql("ALTER SYSTEM SET max_connections = 42");
    for (const _ of [1, 2, 3]) {
      await server.container.stop();
      await server.start();
      expect(await server.sql("SHOW max_connections")).toBe("42");
    }
    await server.container.kill();
    await server.start();
    expect(await server.sql("SHOW max_connections")).toBe("42");
  });
});

test("the stop signal ends sessions and writes a checkpoint", async () => {
  const server = await started();
  const client = await server.login();
  const ended = new Promise((resolve) => client.once("end", resolve));
  await server.container.stop({ t: 30 });
  await Promise.race([ended, setTimeout(5000)]);
  expect((await server.container.inspect()).State.ExitCode).toBe(0);
  expect(await server.onVolumes(`pg_controldata ${data}/current`)).toMatch(
    /Database cluster state: +shut down\n/,
  );
});

import { chown, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { issueServerCertificate, makeAuthority, type CertificatePair } from "../../components/io/certificate";
import { readServedCertificate } from "../../components/io/served-certificate";
import { eventually } from "../support/eventually";
import { makeOpsBench, type OpsBench } from "../support/ops-container";

const day = 86_400_000;
const names = ["127.0.0.1"];

let bench: OpsBench;
let authority: CertificatePair;
beforeAll(async () => {
  bench = await makeOpsBench();
  authority = await makeAuthority(new Date());
  await put("authorityCertificate", authority.certificate);
  await put("authorityKey", authority.key, 0o400);
});
afterAll(() => bench.remove());

type Place = "serverCertificate" | "serverKey" | "authorityCertificate" | "authorityKey";

async function put(place: Place, text: string, mode = 0o600): Promise<void> {
  const path = bench.context.files[place];
  await rm(path, { force: true });
  await writeFile(path, text, { mode });
  const { uid, gid } = await stat(dirname(path));
  await chown(path, uid, gid);
}

/** A certificate that began so many days ago and is for 90 of them. */
async function install(age: number): Promise<CertificatePair> {
  const pair = await issueServerCertificate(authority, names, 90, new Date(Date.now() - age * day));
  await put("serverKey", pair.key);
  await put("serverCertificate", pair.certificate);
  return pair;
}

async function reload(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  const session = await bench.server.connect();
  for (const [name, value] of Object.entries(settings)) {
    await session.query(`ALTER SYSTEM SET ${name} = '${value}'`);
  }
  await session.query("SELECT pg_reload_conf()");
  await session.close();
}

async function served(): Promise<string> {
  const options = { ca: authority.certificate, timeoutMs: 5_000 };
  const { certificate, distrust } = await readServedCertificate(bench.context.server, options);
  expect(distrust).toBeUndefined();
  return certificate.toString();
}

async function postmasterStart(): Promise<unknown> {
  const session = await bench.server.connect();
  const [row] = await session.query("SELECT pg_postmaster_start_time()::text AS start");
  await session.close();
  return row?.start;
}

/** A server that serves the certificate in the files. */
async function serve(pair: CertificatePair): Promise<void> {
  const { serverCertificate, serverKey } = bench.context.files;
  await reload({ ssl_cert_file: serverCertificate, ssl_key_file: serverKey, ssl: "on" });
  await eventually("it is served", async () => {
    const found = await served().catch(() => undefined); // no TLS yet
    return found === pair.certificate || undefined;
  });
}

const certificateFile = (): Promise<string> => readFile(bench.context.files.serverCertificate, "utf8");

describe("the certificate's job", () => {
  beforeEach(() => bench.writeContext());

  test("leaves a certificate that is far from its end, and proves that it is served", async () => {
    const pair = await install(1);
    await serve(pair);
    const { exitCode, stdout } = await bench.run("run", "certificate");
    expect(stdout).toMatch(/the certificate is served, and valid for another 88 d 23 h/);
    expect(exitCode).toBe(0);
    expect(await certificateFile()).toBe(pair.certificate);
  });

  test("renews one before its end, without a restart, and clients meet the new one", async () => {
    await serve(await install(61));
    const start = await postmasterStart();
    const { exitCode, stdout, stderr } = await bench.run("run", "certificate");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(
      /a new certificate is served, without a restart; of the one before: it ends in 28 d/,
    );
    const written = await certificateFile();
    expect(await served()).toBe(written);
    expect(await postmasterStart()).toBe(start);
    expect((await stat(bench.context.files.serverKey)).mode & 0o777).toBe(0o600);
    const key = await readFile(bench.context.files.serverKey, "utf8");
    for (const line of key.split("\n").slice(1, 3)) expect(stdout).not.toContain(line);
    expect((await bench.run("run", "certificate")).stdout).toContain("valid for another 89 d 23 h");
  });

  test("has a server load what was written and never loaded", async () => {
    await serve(await install(1));
    const pair = await install(2);
    expect(await served()).not.toBe(pair.certificate);
    expect((await bench.run("run", "certificate")).exitCode).toBe(0);
    expect(await served()).toBe(pair.certificate);
  });

  test("mends a pair that a crash has torn", async () => {
    await serve(await install(1));
    const { key } = await issueServerCertificate(authority, names, 90, new Date());
    await put("serverKey", key);
    const { exitCode, stdout } = await bench.run("run", "certificate");
    expect(stdout).toContain("the key beside it belongs to another one");
    expect(exitCode).toBe(0);
    expect(await served()).toBe(await certificateFile());
  });

  test("says what is wrong with the authority's key, and repeats nothing of it", async () => {
    const pair = await install(61);
    await serve(pair);
    const other = await makeAuthority(new Date());
    await put("authorityKey", other.key);
    const { exitCode, stdout, stderr } = await bench.run("run", "certificate");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("no certificate can be made with the authority");
    expect(stderr).toMatch(/ca\.key: it does not belong to the certificate of \S*ca\.crt/);
    expect(`${stdout}${stderr}`).not.toContain("PRIVATE KEY");
    expect(await certificateFile()).toBe(pair.certificate);
    await put("authorityKey", authority.key, 0o400);
  });

  test("puts the one before back where the new one is not served", async () => {
    const pair = await install(61);
    await serve(pair);
    // The server has its files elsewhere: no reload brings the new one.
    const elsewhere = join(bench.directory, "elsewhere");
    await reload({ ssl_cert_file: `${elsewhere}.crt`, ssl_key_file: `${elsewhere}.key` });
    const ops = bench.start("run", "certificate");
    await eventually(
      "the new one is written",
      async () => (await certificateFile()) !== pair.certificate || undefined,
    );
    ops.signal("SIGTERM");
    const { exitCode } = await ops.ended;
    expect(exitCode).toBe(1);
    expect(await certificateFile()).toBe(pair.certificate);
  });

  test("is measured by its end", async () => {
    await serve(await install(1));
    const ops = bench.start("schedule");
    await ops.told(/^the certificate is served/);
    const response = await fetch(`http://127.0.0.1:${bench.context.metricsPort}/metrics`);
    const end = /^pgstead_certificate_expiry_timestamp_seconds\{certificate="server"\} (\d+)$/m.exec(
      await response.text(),
    )?.[1];
    expect(Math.round((Number(end) * 1_000 - Date.now()) / day)).toBe(89);
    ops.signal("SIGTERM");
    await ops.ended;
  });
});

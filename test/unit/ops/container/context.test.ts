import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  renderOpsContext,
  resolveOpsContext,
  type OpsContextArgs,
} from "../../../../components/core/ops-context";
import { renderProblems, type ProblemError } from "../../../../components/core/problem";
import { parseConfig } from "../../../../infra/config";
import { readOpsContext } from "../../../../infra/ops/container/context";

const config = parseConfig(
  {
    "pgstead:database": { name: "shop", extensions: ["pg_trgm"], schemas: { api: {} } },
    "pgstead:roles": { app: { login: true } },
  },
  { stack: "prod" },
);

const args: OpsContextArgs = {
  version: "0.2.0",
  project: "pgstead",
  stack: "prod",
  prefix: "shop-prod",
  declared: config,
  certificate: { names: ["localhost", "server"], validity: 90, renewBefore: 30 },
  logs: { days: 14, maxBytes: 1024 ** 3 },
};

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgstead-context-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function read(text: string): Promise<unknown> {
  const file = join(directory, "context.json");
  await writeFile(file, text);
  return readOpsContext(file, "0.2.0");
}

/** What is said of a context that differs from a right one. */
async function refusal(change: Readonly<Record<string, unknown>>): Promise<string> {
  const written = { ...resolveOpsContext(args), ...change };
  const error: unknown = await read(JSON.stringify(written)).catch((error: unknown) => error);
  const { title, problems } = error as ProblemError;
  return renderProblems(title, problems).replace(directory, "");
}

describe("the context of the ops container", () => {
  test("is read as the program writes it", async () => {
    expect(await read(renderOpsContext(args))).toEqual(resolveOpsContext(args));
  });

  test("knows a second repository, and the authority of a copy's service", async () => {
    const s3 = {
      bucket: "shop",
      prefix: "",
      region: "us-east-1",
      pathStyle: true,
      accessKeyId: "x",
      ca: "ca.crt",
    };
    const times = { full: "0 1 * * 0", incremental: "0 1 * * 1" };
    const both: OpsContextArgs = {
      ...args,
      physical: { ...times, second: { ...times, s3 } },
      copies: { copies: [{ name: "offsite", s3: { ...s3, checksums: "when_required" } }], recipients: [] },
    };
    expect(await read(renderOpsContext(both))).toEqual(resolveOpsContext(both));
  });

  test("is the same text for the same arguments, and has what was declared without anything more", () => {
    expect(renderOpsContext(args)).toBe(renderOpsContext(structuredClone(args)));
    expect(resolveOpsContext(args).service).toEqual({
      administrator: "postgres",
      databases: [
        {
          name: "shop",
          keepPrivileges: false,
          extensions: [{ name: "pg_trgm" }],
          schemas: ["public", "api"],
          roles: [
            { name: "shop_owner", login: false },
            { name: "shop_migrator", login: true },
            { name: "shop_app", login: true },
          ],
        },
      ],
    });
  });

  test("has the defaults of what was left out", () => {
    const { schedules, timeZone, logs } = resolveOpsContext({ ...args, schedules: { status: "0 5 * * *" } });
    expect(schedules).toEqual({
      status: "0 5 * * *",
      certificate: "30 3 * * *",
      logs: "*/10 * * * * *",
      audit: "20 0 * * *",
    });
    expect(timeZone).toBe("UTC");
    expect(logs.minFreePercent).toBe(10);
  });

  test("may have fields that a newer version added", async () => {
    const context = resolveOpsContext(args);
    expect(await read(JSON.stringify({ ...context, repository: { retention: 7 } }))).toEqual(context);
  });

  test("of another format is one error that names both versions", async () => {
    expect(await refusal({ format: 2, version: "0.9.0", service: "other" })).toBe(
      "/context.json:\n  is written by pgstead 0.9.0 in format 2; this container is of pgstead 0.2.0 and reads format 1\n" +
        "    hint: it is written by `up`: run it again with the version of pgstead that made this container",
    );
    expect(await refusal({ format: undefined })).toContain("in no known format");
  });

  test("that is wrong is told with every mistake", async () => {
    const text = await refusal({
      schedules: { status: "0 1 * * *", certificate: "0 1 * * *" },
      server: { socketDirectory: "var", host: "server", port: 5432, maintenanceDatabase: "postgres" },
    });
    expect(text).toContain("/context.json is not usable:");
    expect(text).toContain("server.socketDirectory: is not an absolute path");
    expect(text).toContain("schedules.logs: ");
  });

  test("with a schedule that never comes is refused", async () => {
    const schedules = {
      status: "0 1 31 2 *",
      certificate: "x",
      logs: "* * * * *",
      audit: "0 1 * * *",
      backup: "@daily",
    };
    const text = await refusal({ schedules, timeZone: "UTC" });
    expect(text).toContain('schedules.status: "0 1 31 2 *" in time zone UTC: "0 1 31 2 *" never comes');
    expect(text).toContain("schedules.certificate: ");
    expect(text).not.toContain("schedules.logs");
    expect(await refusal({ timeZone: "Mars/Base" })).toContain("in time zone Mars/Base");
  });

  test.each([
    ["{", "is no JSON object"],
    ["null", "is no JSON object"],
    ["[]", "is no JSON object"],
  ])("that is %s is refused", async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  test("that is not there is refused", async () => {
    await expect(readOpsContext(join(directory, "none"), "0.2.0")).rejects.toThrow("cannot be read: ENOENT");
  });
});

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { syncCopy } from "../../components/io/copies/sync";
import { makeAuthority, type Authority } from "../support/certificates";
import { startObjectStorage, type ObjectStorage } from "../support/object-storage";
import { makeStoredBench, type StoredBench } from "../support/stored-backups";

let home: string;
let authority: Authority;
let storage: ObjectStorage;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "pgstead-authority-"));
  authority = await makeAuthority(home);
  const { crt, key } = authority.issue(["127.0.0.1"]);
  const files = { cert: join(home, "server.crt"), key: join(home, "server.key") };
  await writeFile(files.cert, crt);
  await writeFile(files.key, key);
  storage = await startObjectStorage("127.0.0.1", files);
  await mkdir(join(storage.directory, "private-copies"));
}, 600_000); // it is built where it was never used

afterAll(async () => {
  await storage.stop();
  await rm(home, { recursive: true, force: true });
});

async function send(ca: string | undefined): ReturnType<typeof syncCopy> {
  const bench: StoredBench = await makeStoredBench();
  try {
    await bench.add("2026-11-22T02:00:00Z");
    const s3 = storage.plan("private-copies", ca === undefined ? {} : { ca });
    const patience = { idleMs: 5_000, attempts: 1 };
    return await syncCopy(bench.work({ name: "offsite", s3 }, { secret: storage.secretAccessKey, patience }));
  } finally {
    await bench.remove();
  }
}

describe("a service whose certificate is of an authority of one's own", () => {
  test("gets copies where that authority is named", async () => {
    expect(await send(authority.file)).toMatchObject({ problems: [] });
  });

  test.each([
    ["no authority is named", false],
    ["another one is named", true],
  ])("gets none where %s, and the error says what to name", async (_what, isOther) => {
    const { problems, sent } = await send(isOther ? (await makeAuthority(home)).file : undefined);
    expect(sent).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain("the certificate of the service is not trusted");
    expect(problems[0]?.hint).toContain("s3.ca");
  });

  test("gets none where the file is not there, or holds no certificate", async () => {
    expect((await send(join(home, "none.crt"))).problems[0]?.message).toContain("ENOENT");
    expect((await send(join(home, "server.key"))).problems[0]?.message).toContain("holds no certificate");
  });
});

import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { judgeOpsBundle, opsBundleFile, opsRecordFile } from "../../../components/core/ops-bundle";
import { opsBundleFault } from "../../../infra/ops-bundle";
import { buildOpsBundle, ensureOpsBundle, opsEntry } from "../../../infra/toolchain/docker/bundle-ops";

const root = resolve(__dirname, "../../..");

describe("the bundle of the operations code", () => {
  const made: string[] = [];
  afterEach(async () => {
    for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
  });

  /** A small project: an entry, a file beside it, and this project's npm packages or a copy of one of them. */
  async function project(packages: "linked" | "copied"): Promise<string> {
    const home = await mkdtemp(join(tmpdir(), "pgstead-bundle-"));
    made.push(home);
    const directory = join(home, packages);
    await write(directory, opsEntry, 'import { lower } from "./other";\nlower(process.argv);\n');
    await write(
      directory,
      "infra/ops/container/other.ts",
      'import fastest from "fastest-levenshtein";\nexport const lower = (args: string[]) => fastest.distance(args[0]!, "a");\n',
    );
    await write(directory, "infra/toolchain/docker/bundle-ops.ts", "");
    if (packages === "linked")
      await symlink(join(root, "node_modules"), join(directory, "node_modules"), "dir");
    else {
      for (const name of ["fastest-levenshtein", "esbuild"])
        await cp(join(root, "node_modules", name), join(directory, "node_modules", name), {
          recursive: true,
        });
    }
    return directory;
  }

  async function write(directory: string, file: string, text: string): Promise<void> {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text);
  }

  test("is the same in two checkouts, byte for byte, and tells of no place", async () => {
    const [one, other] = [await project("linked"), await project("copied")];
    await buildOpsBundle(one);
    await buildOpsBundle(other);
    for (const file of [opsBundleFile, opsRecordFile]) {
      const text = await readFile(join(one, file), "utf8");
      expect(await readFile(join(other, file), "utf8")).toBe(text);
      expect(text).not.toContain(dirname(one));
      expect(text).not.toContain(root);
    }
  });

  test("is made where it is missing or stale, and left alone where it is not", async () => {
    const directory = await project("linked");
    const said: string[] = [];
    const ensure = (): Promise<void> => ensureOpsBundle(directory, (line) => said.push(line));
    expect(opsBundleFault(directory)).toBe("it is missing");
    await ensure();
    expect(opsBundleFault(directory)).toBeUndefined();
    await ensure();
    await write(
      directory,
      "infra/ops/container/other.ts",
      "export const lower = (args: string[]) => args;\n",
    );
    expect(opsBundleFault(directory)).toBe("infra/ops/container/other.ts changed");
    await ensure();
    expect(said).toEqual([
      "bundling the operations code for the image ops: it is missing …",
      "bundling the operations code for the image ops: infra/ops/container/other.ts changed …",
    ]);
  });

  test("records sources by their hash and packages by their version", async () => {
    const directory = await project("copied");
    await buildOpsBundle(directory);
    const record = JSON.parse(await readFile(join(directory, opsRecordFile), "utf8")) as {
      files: Record<string, string>;
      packages: Record<string, string>;
    };
    expect(Object.keys(record.files)).toEqual([
      "infra/ops/container/main.ts",
      "infra/ops/container/other.ts",
      "infra/toolchain/docker/bundle-ops.ts",
    ]);
    expect(record.packages["node_modules/fastest-levenshtein"]).toMatch(/^fastest-levenshtein@\d/);
  });

  test("that cannot be made says which line is at fault", async () => {
    const directory = await project("linked");
    await write(directory, opsEntry, 'import "./nowhere";\n');
    await expect(buildOpsBundle(directory)).rejects.toThrow(/main\.ts:1: .*nowhere/);
    await rm(join(directory, opsEntry));
    await expect(buildOpsBundle(directory)).rejects.toThrow("the program of the ops container is missing");
  });
});

describe("what is wrong with a bundle", () => {
  const record = { bundle: "b", files: { "a.ts": "1" }, packages: { "node_modules/pg": "pg@8.0.0" } };
  const places: Record<string, string> = { [opsBundleFile]: "b", "a.ts": "1", "node_modules/pg": "pg@8.0.0" };

  test.each([
    [{}, undefined],
    [{ [opsBundleFile]: undefined }, "it is missing"],
    [{ [opsBundleFile]: "c" }, `${opsBundleFile} was changed by something else`],
    [{ "a.ts": "2" }, "a.ts changed"],
    [{ "a.ts": undefined }, "a.ts is gone"],
    [{ "node_modules/pg": "pg@8.0.1" }, "pg@8.0.0 changed"],
    [{ "node_modules/pg": undefined }, "pg@8.0.0 is gone"],
  ])("%o: %s", (change, fault) => {
    const now: Record<string, string | undefined> = { ...places, ...change };
    const read = (place: string): string | undefined => now[place];
    expect(judgeOpsBundle(JSON.stringify(record), { hashOf: read, packageAt: read })).toBe(fault);
  });

  test.each([undefined, "", "{", "[]", '{"bundle":"b","files":{"a.ts":1},"packages":{}}'])(
    "a record of %j",
    (text) => {
      const read = (place: string): string | undefined => places[place];
      const fault = judgeOpsBundle(text, { hashOf: read, packageAt: read });
      expect(fault).toBe(text === undefined ? "it is missing" : `${opsRecordFile} cannot be read`);
    },
  );
});

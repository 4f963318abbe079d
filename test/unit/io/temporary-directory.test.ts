import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withTemporaryDirectory } from "../../../components/io/temporary-directory";

test("what a killed run has left goes with the next one, and what a running one has stays", async () => {
  const { pid } = spawnSync("true");
  const kind = `proof${process.pid}`;
  const [left, used] = [pid, process.pid].map((of) => join(tmpdir(), `pgstead-${kind}-${of}-abcdef`));
  for (const directory of [left, used]) mkdirSync(directory ?? "");
  try {
    const own = await withTemporaryDirectory(kind, (directory) => {
      expect(existsSync(directory)).toBe(true);
      return Promise.resolve(directory);
    });
    expect([own, left, used].map((directory) => existsSync(directory ?? ""))).toEqual([false, false, true]);
  } finally {
    rmSync(used ?? "", { recursive: true });
  }
});

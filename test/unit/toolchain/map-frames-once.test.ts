import { expect, test } from "vitest";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(__filename);
const tool = path.resolve(__dirname, "../../../infra/toolchain/map-frames-once.cjs");
// Installed as Pulumi does it: by the SDK's own copy.
const sourceMaps = createRequire(require.resolve("@pulumi/pulumi")).resolve("source-map-support/register");

/** Stack traces of a compiled file that has a source map, in a process of its own. */
function traces(before: string): Record<"silent" | "again" | "speaking" | "typed", string> {
  const script = `
    require(${JSON.stringify(sourceMaps)});
    ${before}
    const { Output } = require("@pulumi/pulumi");
    class Box { silent() { return new Error().stack; } }
    const box = new Box();
    const frame = (work) => { try { Output.prototype.apply.call(undefined, work); } catch (error) { return error; } };
    const typed = frame(() => 1);
    const [silent, again] = [1, 2].map(() => box.silent());
    process.stdout.write(JSON.stringify({ silent, again, typed: typed.stack, speaking: new Error("why").stack }));`;
  const output = execFileSync(process.execPath, ["--eval", script], { cwd: path.dirname(tool) });
  return JSON.parse(output.toString()) as ReturnType<typeof traces>;
}

test("stack traces read the same, whether their frames are looked up once or each time", () => {
  const once = traces(`require(${JSON.stringify(tool)}).mapFramesOnce();`);
  const lines = (trace: string) => trace.replaceAll(/\[eval\]:\d+:\d+/g, "[eval]");
  const each = traces("");
  for (const kind of ["silent", "again", "speaking", "typed"] as const)
    expect(lines(once[kind])).toBe(lines(each[kind]));
  expect(once.speaking).toMatch(/^Error: why\n/);
  expect(once.again).toBe(once.silent);
});

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { projectRoot } from "../../components/io/places";

const { bundle } = createRequire(join(projectRoot(), "package.json"))("./infra/toolchain/bundle.cjs") as {
  bundle: (entry: string, options: { selfContained: boolean }) => string;
};

/** Runs a program of the bench in a process of its own, with JSON as its input, and gives the JSON that it prints. */
export function runApart<Answer>(program: string, input: unknown): Promise<Answer> {
  const entry = bundle(program, { selfContained: true });
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry], { stdio: ["pipe", "pipe", "inherit"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(text) as Answer);
      else reject(new Error(`${program} ended with ${code ?? "a signal"}`));
    });
    child.stdin.end(JSON.stringify(input));
  });
}

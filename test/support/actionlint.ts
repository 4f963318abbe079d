import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheHome } from "../../infra/toolchain/context";

const version = "v1.7.12";

/** The linter of GitHub's workflows: from PATH, else built once with Go. Undefined where neither is to be had. */
export function findActionlint(): string | undefined {
  if (spawnSync("actionlint", ["-version"]).status === 0) return "actionlint";
  const directory = join(cacheHome(process.env), "actionlint", version);
  const program = join(directory, process.platform === "win32" ? "actionlint.exe" : "actionlint");
  if (existsSync(program)) return program;
  mkdirSync(directory, { recursive: true });
  try {
    const env = { ...process.env, GOBIN: directory, GOFLAGS: "" };
    execFileSync("go", ["install", `github.com/rhysd/actionlint/cmd/actionlint@${version}`], {
      env,
      stdio: "pipe",
    });
    return program;
  } catch (error) {
    process.stderr.write(`actionlint cannot be had: ${(error as Error).message}\n`);
    return undefined;
  }
}

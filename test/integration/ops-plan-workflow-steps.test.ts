import { spawn } from "node:child_process";
import { copyFile, readFile, rm, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { projectRoot } from "../../components/io/places";
import { startGitHubApi, type GitHubApi } from "../support/github-api";
import { temporaryDirectory } from "../support/server";

const root = projectRoot();
const recorded = (file: string): string => join(root, "test", "fixtures", "preview", file);

let github: GitHubApi;
let directory: string;

beforeEach(async () => {
  github = await startGitHubApi();
  directory = await temporaryDirectory();
});

afterEach(async () => {
  await github.close();
  await rm(directory, { recursive: true, force: true });
});

/** Runs the script of a step as GitHub does: with `bash -e`, in the checkout. */
async function runStep(file: string, name: string, env: NodeJS.ProcessEnv = {}): Promise<number | null> {
  const workflow = parse(await readFile(join(root, ".github", "workflows", file), "utf8")) as {
    readonly jobs: Readonly<Record<string, { readonly steps: readonly { name?: string; run?: string }[] }>>;
  };
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
  const script = steps.find((step) => step.name === name)?.run;
  if (script === undefined) throw new Error(`${file} has no step ${name}`);
  const surroundings = {
    STACK: "dev",
    RUNNER_TEMP: directory,
    GITHUB_STEP_SUMMARY: join(directory, "summary.md"),
    RUN_URL: "https://github.example/runs/1",
  };
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script], {
      cwd: root,
      env: { ...process.env, ...github.env, ...surroundings, ...env },
      stdio: "ignore",
    });
    child.on("error", reject);
    child.on("close", resolve);
  });
}

/** A program that stands in for npm: it writes down how it was called, says something, and fails. */
async function fakeNpm(): Promise<NodeJS.ProcessEnv> {
  const lines = [
    "#!/usr/bin/env bash",
    'printf "%s\\n" "$*" > "$RUNNER_TEMP/arguments"',
    'env | grep -E "^(PGSTEAD_PLAN|PGSTEAD_PREVIEW|PULUMI_|PREVIEW_)" | sort > "$RUNNER_TEMP/environment"',
    'cp -p "$PGSTEAD_PREVIEW_PASSWORD_FILE" "$RUNNER_TEMP/password-as-given" 2>/dev/null',
    "echo '{}'; echo 'what went wrong' >&2; exit 255",
  ];
  await writeFile(join(directory, "npm"), `${lines.join("\n")}\n`, { mode: 0o755 });
  return { PATH: `${directory}${delimiter}${process.env.PATH ?? ""}` };
}

describe("the steps of preview.yml", () => {
  test("preview as the role for previews, with its password in a file that nobody else reads", async () => {
    const env = {
      ...(await fakeNpm()),
      PGSTEAD_PLAN: "full",
      PGSTEAD_PREVIEW_ROLE: "shop_monitor",
      PREVIEW_PASSWORD: "it's $secret",
      PULUMI_BACKEND_URL: "",
      PULUMI_ACCESS_TOKEN: "",
      PULUMI_CONFIG_PASSPHRASE: "open",
    };
    expect(await runStep("preview.yml", "Preview", env)).toBe(0); // what failed is told by the comment
    const read = (name: string): Promise<string> => readFile(join(directory, name), "utf8");
    expect(await read("arguments")).toBe(
      "run --silent pulumi -- preview --json --non-interactive --stack dev\n",
    );
    expect((await read("environment")).split("\n")).toEqual([
      "PGSTEAD_PLAN=full",
      `PGSTEAD_PREVIEW_PASSWORD_FILE=${join(directory, "preview-password")}`,
      "PGSTEAD_PREVIEW_ROLE=shop_monitor",
      "PULUMI_CONFIG_PASSPHRASE=open",
      "",
    ]);
    expect(await read("password-as-given")).toBe("it's $secret");
    expect((await stat(join(directory, "password-as-given"))).mode & 0o777).toBe(0o600);
    await expect(stat(join(directory, "preview-password"))).rejects.toThrow("ENOENT");
    expect([await read("preview.json"), await read("preview.err")]).toEqual(["{}\n", "what went wrong\n"]);
  });

  test.each([
    ["changed.json", 0],
    ["unchanged.json", 0],
    ["refused.json", 1],
    ["failed.json", 1],
  ])("comment on %s, and end with %i", async (file, status) => {
    await copyFile(recorded(file), join(directory, "preview.json"));
    await writeFile(join(directory, "preview.err"), "");
    await runStep("preview.yml", "Judge migrations"); // a stack without migrations
    expect(await runStep("preview.yml", "Comment")).toBe(status);
    expect(github.comments).toHaveLength(1);
    expect(await readFile(join(directory, "summary.md"), "utf8")).toContain("pgstead:preview stack=dev");
  });

  test("comment on a preview that printed nothing, and end with 1", async () => {
    await writeFile(join(directory, "preview.json"), "");
    await copyFile(recorded("no-stack.txt"), join(directory, "preview.err"));
    await runStep("preview.yml", "Judge migrations"); // a stack without migrations
    expect(await runStep("preview.yml", "Comment")).toBe(1);
    expect(github.comments[0]?.body).toContain("The preview failed");
  });
});

describe("the steps of drift.yml", () => {
  const report = (value: object): Promise<void> =>
    writeFile(join(directory, "drift.json"), JSON.stringify({ command: "drift", stack: "dev", ...value }));

  test("open an issue for drift, which fails no job", async () => {
    const item = {
      kind: "role",
      resource: "Access server",
      message: "the server has CREATEDB",
      sql: "ALTER ROLE a NOCREATEDB",
    };
    await report({ status: "finding", data: { drift: [item] } });
    expect(await runStep("drift.yml", "Issue")).toBe(0);
    expect(github.issues).toHaveLength(1);
  });

  test("fail where nobody knows", async () => {
    await report({ status: "cannot-tell", error: { title: "the server cannot be reached" } });
    expect(await runStep("drift.yml", "Issue")).not.toBe(0);
    expect(github.issues).toEqual([]);
  });
});

import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectRoot } from "../../components/io/places";
import { bot, post, startGitHubApi, type GitHubApi } from "../support/github-api";
import { temporaryDirectory } from "../support/server";
import { runNode } from "./ops-stack";

const recorded = (file: string): string => join(projectRoot(), "test", "fixtures", "preview", file);
const marker = "<!-- pgstead:preview stack=dev -->";

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

const ops = (...args: readonly string[]) => runNode("infra/ops/cli.ts", args, github.env);
const comment = (file: string, ...args: readonly string[]) => ops("preview-comment", recorded(file), ...args);

describe("preview-comment", () => {
  test("prints Markdown, and ends with 0 where the preview can run", async () => {
    const { exitCode, stdout, stderr } = await comment("changed.json");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^<!-- pgstead:preview stack=dev -->\n/);
    expect(github.asked).toEqual([]);
  });

  test("ends with 1 where it was refused, after it has posted", async () => {
    const { exitCode, stdout, stderr } = await comment("refused.json", "--post");
    expect(exitCode).toBe(1);
    expect(stdout).toBe("comment created: https://github.example/1000\n");
    expect(stderr).toContain("refused: schema promptforge.audit");
    expect(github.comments[0]?.body).toContain("**Refused: nothing of this will run**");
  });

  test("changes its own comment, found on any page, and leaves those of others", async () => {
    const others = Array.from({ length: 205 }, (_, index) => post(index + 1, "looks good", "ada"));
    const forged = post(300, `${marker}\nmine`, "mallory");
    const quoted = post(301, `I saw ${marker}\n`);
    const other = post(302, "<!-- pgstead:preview stack=dev-2 -->\nanother stack");
    github.comments.push(...others, forged, quoted, other, post(303, `${marker}\nan earlier plan`));
    const first = await comment("changed.json", "--post");
    expect(first.stdout).toBe("comment updated: https://github.example/303\n");
    expect(github.comments.at(-1)?.body).toContain("**12 statements**");
    expect([forged.body, quoted.body, other.body]).toEqual([
      `${marker}\nmine`,
      `I saw ${marker}\n`,
      "<!-- pgstead:preview stack=dev-2 -->\nanother stack",
    ]);
    expect(github.asked.filter((asked) => asked.startsWith("GET"))).toHaveLength(3);
    const again = await comment("changed.json", "--post");
    expect(again.stdout).toBe("comment unchanged: https://github.example/303\n");
    expect(github.comments).toHaveLength(209);
  });

  test("a plan without changes replaces the one that had some by one quiet line", async () => {
    github.comments.push(post(5, `${marker}\n### an earlier plan`));
    await comment("unchanged.json", "--post");
    expect(github.comments.map(({ body }) => body)).toEqual([
      `${marker}\npgstead: stack \`dev\` has no changes.\n`,
    ]);
  });

  test("of a plan that is too long is cut, and the whole of it goes to the summary, linked", async () => {
    const summary = join(directory, "summary.md");
    await writeFile(summary, "before\n");
    const url = "https://github.example/runs/1";
    const { exitCode } = await comment("long.json", "--post", "--url", url, "--summary-file", summary);
    expect(exitCode).toBe(0);
    const [{ body } = { body: "" }] = github.comments;
    expect(body.length).toBeLessThanOrEqual(65_000);
    expect(body).toMatch(
      /\*\*Cut:\*\* \d+ of \d+ lines .* The whole plan is in \[the run's summary\]\(https:/,
    );
    const whole = await readFile(summary, "utf8");
    expect(whole).toMatch(/^before\n<!-- pgstead:preview/);
    expect(whole).not.toContain("**Cut:**");
    expect(whole.length).toBeGreaterThan(body.length);
  });

  test("of a preview that printed no plan tells what Pulumi said instead", async () => {
    const empty = join(directory, "preview.json");
    await writeFile(empty, "");
    const args = [empty, "--error-file", recorded("no-stack.txt"), "--stack", "nowhere", "--post"];
    const { exitCode } = await ops("preview-comment", ...args);
    expect(exitCode).toBe(1);
    expect(github.comments[0]?.body).toContain("**The preview failed** before it had a plan");
    expect(github.comments[0]?.body).toContain("no Pulumi login and no state is chosen for it");
  });

  test.each([
    ["empty", ""],
    ["cut short", '{ "steps": [ {'],
    ["something else", '{ "hello": 1 }\n'],
  ])("cannot tell where its input is %s, and posts nothing", async (_name, text) => {
    const file = join(directory, "preview.json");
    await writeFile(file, text);
    const { exitCode, stderr } = await ops("preview-comment", file, "--post");
    expect(exitCode).toBe(3);
    expect(stderr).toContain("the preview cannot be read");
    expect(github.asked).toEqual([]);
  });

  test("neither prints nor posts a secret", async () => {
    const text = await readFile(recorded("changed.json"), "utf8");
    const file = join(directory, "preview.json");
    await writeFile(file, text.replace("NOCREATEDB", "PASSWORD 'SCRAM-SHA-256$4096:salt$a:b'"));
    const summary = join(directory, "summary.md");
    const { exitCode, stdout, stderr } = await ops(
      "preview-comment",
      file,
      "--post",
      "--summary-file",
      summary,
    );
    expect(exitCode).toBe(3);
    expect(`${stdout}${stderr}`).not.toContain("salt");
    expect(stderr).toContain("a SCRAM verifier");
    expect(github.asked).toEqual([]);
    await expect(readFile(summary)).rejects.toThrow("ENOENT");
  });

  test("is one JSON document with --json", async () => {
    const { exitCode, stdout } = await comment("refused.json", "--json");
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      status: "finding",
      data: { outcome: "refused", missing: 0, posted: null },
    });
  });

  test.each([
    [{ GITHUB_TOKEN: "" }, 2, "GITHUB_TOKEN"],
    [{ GITHUB_REPOSITORY: "" }, 2, "GITHUB_REPOSITORY"],
    [{ GITHUB_REF: "refs/heads/main" }, 2, "--pull-request"],
    [{ GITHUB_TOKEN: "ghs_wrong" }, 3, "gave 401: Bad credentials"],
    [{ GITHUB_API_URL: "http://127.0.0.1:1" }, 3, "GitHub does not answer"],
  ])("with %j ends with %i", async (env, code, text) => {
    const args = ["preview-comment", recorded("changed.json"), "--post"];
    const { exitCode, stdout, stderr } = await runNode("infra/ops/cli.ts", args, { ...github.env, ...env });
    expect(exitCode).toBe(code);
    expect(stdout).toBe("");
    expect(stderr).toContain(text);
    expect(stderr).not.toContain("ghs_");
    expect(github.comments).toEqual([]);
  });

  test("says which permission is missing where GitHub refuses", async () => {
    github.fail(403, "Resource not accessible by integration");
    const { exitCode, stderr } = await comment("changed.json", "--post");
    expect(exitCode).toBe(3);
    expect(stderr).toContain("pull-requests: write");
  });
});

describe("drift-issue", () => {
  const drift = [
    {
      kind: "role",
      resource: "Access server",
      message: "the server has CREATEDB",
      sql: "ALTER ROLE a NOCREATEDB",
      risk: "access",
    },
    {
      kind: "membership",
      resource: "Access server",
      message: "nobody declared it",
      subject: "membership of `b`",
    },
  ];
  const report = async (value: object): Promise<string> => {
    const file = join(directory, "drift.json");
    await writeFile(
      file,
      JSON.stringify({ command: "drift", stack: "dev", schemaVersion: 1, ...value }, null, 2),
    );
    return file;
  };
  const found = (items: readonly object[]) =>
    report({ status: items.length === 0 ? "good" : "finding", data: { drift: items }, findings: [] });

  test("opens one issue, changes it, and closes it when the drift is gone", async () => {
    github.issues.push(post(1, "<!-- pgstead:drift stack=dev -->\nforged", "mallory"));
    github.issues.push(
      post(2, "<!-- pgstead:drift stack=dev -->\na pull request", bot, { pull_request: {} }),
    );
    const opened = await ops(
      "drift-issue",
      await found(drift),
      "--post",
      "--url",
      "https://github.example/runs/1",
    );
    expect(opened).toMatchObject({ exitCode: 1, stdout: "issue created: https://github.example/1002\n" });
    const [, , issue] = github.issues;
    expect(issue).toMatchObject({ title: "Drift of stack dev", state: "open" });
    expect(issue?.body).toMatch(/^<!-- pgstead:drift stack=dev -->\n/);
    expect(issue?.body).toContain("ALTER ROLE a NOCREATEDB;  -- the server has CREATEDB");
    expect(issue?.body).toContain("-- membership of `b`: nobody declared it");
    expect(issue?.body).toContain("[this run](https://github.example/runs/1)");
    const changed = await ops("drift-issue", await found(drift.slice(0, 1)), "--post");
    expect(changed.stdout).toBe("issue updated: https://github.example/1002\n");
    const closed = await ops("drift-issue", await found([]), "--post");
    expect(closed).toMatchObject({ exitCode: 0, stdout: "issue closed: https://github.example/1002\n" });
    expect(issue?.state).toBe("closed");
    expect(github.comments.map(({ body }) => body)).toEqual([
      "The server of stack `dev` is as declared again.",
    ]);
    const quiet = await ops("drift-issue", await found([]), "--post");
    expect(quiet.stdout).toBe("no drift, and no open issue\n");
    expect(github.issues).toHaveLength(3);
  });

  test("touches no issue where the drift could not be told", async () => {
    github.issues.push(post(1, "<!-- pgstead:drift stack=dev -->\nopen"));
    const error = { title: "the server cannot be reached", problems: [] };
    const { exitCode, stderr } = await ops(
      "drift-issue",
      await report({ status: "cannot-tell", error }),
      "--post",
    );
    expect(exitCode).toBe(3);
    expect(stderr).toContain("it could not be told: the server cannot be reached");
    expect(github.asked).toEqual([]);
  });
});

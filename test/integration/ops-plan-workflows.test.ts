import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { projectRoot } from "../../components/io/places";
import { findActionlint } from "../support/actionlint";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly concurrency?: { readonly group: string };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const directory = join(projectRoot(), ".github", "workflows");
const names = readdirSync(directory);
const text = (name: string): string => readFileSync(join(directory, name), "utf8");
const workflow = (name: string): Workflow => parse(text(name)) as Workflow;
const steps = (name: string): Step[] => Object.values(workflow(name).jobs).flatMap((job) => job.steps);

const actionlint = findActionlint();

test.skipIf(actionlint === undefined)("actionlint finds nothing wrong with the workflows", () => {
  const files = names.map((name) => join(directory, name));
  const { status, stdout, stderr } = spawnSync(actionlint ?? "", ["-no-color", ...files], {
    encoding: "utf8",
  });
  expect(`${stdout}${stderr}`).toBe("");
  expect(status).toBe(0);
});

describe.each(names)("workflow %s", (name) => {
  test("pins each action by its commit", () => {
    const used = steps(name).flatMap(({ uses }) => uses ?? []);
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  });

  test("never runs code of others with its secrets, and leaves no token in the checkout", () => {
    expect(Object.keys(workflow(name).on)).not.toContain("pull_request_target");
    expect(Object.keys(workflow(name).on)).not.toContain("workflow_run");
    const checkouts = steps(name).filter(({ uses }) => uses?.startsWith("actions/checkout@") === true);
    expect(checkouts.map((step) => step.with?.["persist-credentials"])).toEqual(checkouts.map(() => false));
  });

  test("puts no expression into a script, where a name of a branch could be a command", () => {
    for (const { run = "" } of steps(name)) expect(run).not.toContain("${{");
  });
});

describe("preview.yml", () => {
  const job = workflow("preview.yml").jobs.preview;

  test("runs on pull requests of this repository alone, in an environment that can be protected", () => {
    expect(Object.keys(workflow("preview.yml").on)).toEqual(["pull_request"]);
    expect(job?.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
    expect(job?.environment).toBe("preview-${{ matrix.stack }}");
    expect(job?.concurrency?.group).toContain("${{ github.event.pull_request.number }}");
    expect(job?.concurrency?.group).toContain("${{ matrix.stack }}");
  });

  test("may read the code and write comments, and nothing else", () => {
    expect(workflow("preview.yml").permissions).toEqual({});
    expect(job?.permissions).toEqual({ contents: "read", "pull-requests": "write" });
  });

  test("shows plans whole, reads as the role for previews, and gives secrets and token to one step each", () => {
    const preview = steps("preview.yml").find(({ run }) => run?.includes("preview --json") === true);
    expect(preview?.env).toMatchObject({
      PGSTEAD_PLAN: "full",
      PGSTEAD_PREVIEW_ROLE: "${{ vars.PGSTEAD_PREVIEW_ROLE }}",
    });
    expect(preview?.run).toMatch(/^umask 077\n/);
    expect(preview?.run).toContain("PGSTEAD_PREVIEW_PASSWORD_FILE");
    const holding = (secret: string): Step[] =>
      steps("preview.yml").filter(({ env = {} }) =>
        Object.values(env).some((value) => value.includes(secret)),
      );
    expect(holding("secrets.")).toEqual([preview]);
    expect(holding("github.token").map(({ run }) => run)).toEqual([
      expect.stringContaining("preview-comment"),
    ]);
  });
});

describe("drift.yml", () => {
  const job = workflow("drift.yml").jobs.drift;

  test("runs daily, may write issues, and nothing else", () => {
    expect(workflow("drift.yml").on.schedule).toEqual([
      { cron: expect.stringMatching(/^\d+ \d+ \* \* \*$/) as string },
    ]);
    expect(workflow("drift.yml").permissions).toEqual({});
    expect(job?.permissions).toEqual({ contents: "read", issues: "write" });
  });
});

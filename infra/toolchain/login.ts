import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { problemError } from "../../components/core/problem";
import { isOfLogin, type PulumiCommand } from "./arguments";
import { setting, userPulumiHome, type ToolchainContext } from "./context";

/** The stack that pgstead keeps by itself: own state, own passphrase, no login. */
export const devStack = "dev";

/** Whose login and state a command uses: the dev stack's own, or the user's. */
export interface Login {
  readonly kind: "dev" | "user";
  /** Why, to be shown: `--stack prod`. */
  readonly reason: string;
}

/** What decides it. */
export interface LoginFacts {
  readonly command: PulumiCommand;
  readonly env: NodeJS.ProcessEnv;
  /** The stack that the user selected for this checkout with an own login. */
  readonly selected: string | undefined;
}

/** The dev stack's own state counts only where nothing says otherwise. Pure. */
export function chooseLogin({ command, env, selected }: LoginFacts): Login {
  if (setting(env, "PULUMI_BACKEND_URL") !== undefined) return { kind: "user", reason: "PULUMI_BACKEND_URL" };
  if (command.hasDirectory) return { kind: "user", reason: "--cwd" };
  if (isOfLogin(command)) return { kind: "user", reason: `pulumi ${command.words.join(" ")}` };
  const named = command.stack ?? setting(env, "PULUMI_STACK");
  if (named !== undefined) return { kind: named === devStack ? "dev" : "user", reason: `stack ${named}` };
  if (selected !== undefined) return { kind: "user", reason: `stack ${selected}, which is selected` };
  return { kind: "dev", reason: `stack ${devStack}` };
}

/** The stack that the user's own Pulumi has selected for this checkout; Pulumi keeps it by the path of Pulumi.yaml. */
export function readSelectedStack(context: ToolchainContext): string | undefined {
  const home = userPulumiHome(context.env);
  if (home === undefined) return undefined;
  const key = createHash("sha1").update(join(context.project, "Pulumi.yaml")).digest("hex");
  const file = join(home, "workspaces", `${projectName(context.project)}-${key}-workspace.json`);
  try {
    const { stack } = JSON.parse(readFileSync(file, "utf8")) as { stack?: unknown };
    return typeof stack === "string" && stack !== "" ? stack : undefined;
  } catch {
    return undefined; // nothing selected
  }
}

/**
 * The stack that a command is about, as its file is named: without an organisation and a project.
 *
 * @returns undefined where it is none of this checkout, or none is named and none is selected
 */
export function stackOf(context: ToolchainContext, login: Login, command: PulumiCommand): string | undefined {
  if (command.hasDirectory) return undefined;
  if (login.kind === "dev") return devStack;
  const { env } = context;
  const name = command.stack ?? setting(env, "PULUMI_STACK") ?? readSelectedStack(context);
  return name?.split("/").at(-1);
}

export function projectName(project: string): string {
  const { name } = parse(readFileSync(join(project, "Pulumi.yaml"), "utf8")) as { name?: unknown };
  if (typeof name === "string" && name !== "") return name;
  throw problemError("Pulumi.yaml", "it has no name", "add `name: pgstead` as its first line.");
}

/** Refuses a command of the user's own login where there is none, and says how to get one. */
export function assertLogin(context: ToolchainContext, command: PulumiCommand, login: Login): void {
  if (command.isHelp || command.words.length === 0 || isOfLogin(command) || command.hasDirectory) return;
  if (hasBackend(context)) return;
  const { stack = "NAME" } = command;
  throw problemError(
    login.reason,
    "no Pulumi login and no state is chosen for it (only stack dev has its own)",
    `log in with \`npm run pulumi -- login\` (Pulumi Cloud), \`npm run pulumi -- login s3://bucket\` or \`… login file:///path\`, or set PULUMI_BACKEND_URL; then make the stack: \`npm run pulumi -- stack init ${stack}\`.`,
  );
}

function hasBackend({ env, project }: ToolchainContext): boolean {
  if (setting(env, "PULUMI_BACKEND_URL") !== undefined || setting(env, "PULUMI_ACCESS_TOKEN") !== undefined) {
    return true;
  }
  const { backend } = parse(readFileSync(join(project, "Pulumi.yaml"), "utf8")) as {
    backend?: { url?: unknown };
  };
  if (typeof backend?.url === "string") return true;
  const home = userPulumiHome(env);
  try {
    const credentials = JSON.parse(readFileSync(join(home ?? "", "credentials.json"), "utf8")) as {
      current?: unknown;
    };
    return typeof credentials.current === "string" && credentials.current !== "";
  } catch {
    return false;
  }
}

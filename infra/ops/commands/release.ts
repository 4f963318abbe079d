import { join, relative, resolve } from "node:path";
import type { ConnectionTarget } from "../../../components/core/connection";
import { problemError } from "../../../components/core/problem";
import { quoteShell } from "../../../components/core/shell";
import { LoginRefusedError, ServerUnreachableError } from "../../../components/io/session";
import { colorsFor, type Colors } from "../colors";
import type { CommandContext, OpsCommand } from "../command";
import { cannotTell } from "../failure";
import { cancelOnSignals } from "../interrupt";
import { assertConfirmable, confirm, type ConfirmArgs } from "../locks/confirm";
import { giveUpMarks, lookOnServer, type LeftOver, type OnServer } from "../release/on-server";
import { leftOnHost, renderLeftOnHost, type LeftOnHost } from "../release/on-host";
import { assertUnchanged, emptyState, keepState, replaceState } from "../release/state";
import type { Report } from "../report";
import { exportState, nameOf, type StateResource } from "../state";
import { renderTable } from "../table";
import { plural } from "../text";

export interface ReleaseArgs extends ConfirmArgs {
  readonly dryRun?: boolean;
  /** False: the server is not asked, and its marks stay. */
  readonly server?: boolean;
  readonly stateFile?: string;
}

/** A resource that leaves the state. What it is about stays on the server. */
export interface ReleasedResource {
  /** Pulumi's type, such as `postgresql:index/role:Role`. */
  readonly type: string;
  readonly name: string;
}

export interface ReleaseData {
  /** `found`: nothing was to be done, with --dry-run or as the state is empty; `declined`: it was not confirmed. */
  readonly action: "found" | "declined" | "released";
  /** What leaves the state, or left it. */
  readonly resources: readonly ReleasedResource[];
  /** Roles whose passwords the stack made: they are in the state alone. */
  readonly passwords: readonly string[];
  /** Rows of `pgstead.owner` that are this stack's; null: the server was not asked. */
  readonly marks: readonly string[] | null;
  /** What of pgstead's own stays on the server; null: it was not asked. */
  readonly left: readonly LeftOver[] | null;
  /** What stays on the server's host, by the state. */
  readonly onHost: LeftOnHost;
  /** The state before, its secrets encrypted; null: nothing was done. */
  readonly stateFile: string | null;
  /** Commands that may follow. */
  readonly next: readonly string[];
}

/** Gives a server back: the stack's resources leave its state, and nothing that they are about is touched. */
export const releaseCommand: OpsCommand<ReleaseArgs, ReleaseData> = {
  name: "release",
  summary: "give an existing server back: its resources leave the state, and nothing on it is touched",
  declare: (command) => {
    command
      .option("--dry-run", "show what would leave the state and what stays, and do nothing")
      .option("--yes", "do it without being asked: for scripts")
      .option(
        "--no-server",
        "do not ask the server, such as one that is gone: its rows of pgstead.owner stay",
      )
      .option(
        "--state-file <file>",
        "where the state of before goes (default: state.<stack>.<time>.json in the project)",
      )
      .addHelpText("after", help);
  },
  run: release,
  render: (report, _args, colors) => ({ output: renderRelease(report, colors) }),
};

const help = `
For target existing only: of the other targets the server goes with the stack. Every resource leaves the state in one step
(\`pulumi stack import\`); the state of before is kept as a file, its secrets encrypted. On the server only this stack's rows of
pgstead.owner go, so that another stack may have it; they stay where the state cannot be replaced. Databases, roles, privileges,
settings and pg_hba.conf stay as they are. Exit code 1: it was not confirmed.

JSON: data { action (found, declined, released), resources [{ type, name }], passwords, marks, left [{ database, what, statement,
why }], onHost { files, jobs }, stateFile, next }

Examples:
  npm run ops -- release --stack prod --dry-run
  npm run ops -- release --stack prod`;

async function release(context: CommandContext, args: ReleaseArgs): Promise<Report<ReleaseData>> {
  const { stack } = context;
  assertExisting(context);
  const { dryRun = false, server: asksServer = true } = args;
  if (!dryRun) assertConfirmable(context, args, "release");
  const state = await exportState(context);
  const resources = state.resources.filter(({ type }) => type !== "pulumi:pulumi:Stack");
  const report = (action: ReleaseData["action"], found?: OnServer, stateFile?: string) =>
    describe(context, { action, resources, found, stateFile });
  if (resources.length === 0) return report("found");

  const asked = asksServer ? await askServer(context) : undefined;
  const { found } = asked ?? {};
  if (dryRun) return report("found", found);
  const shown = renderLists(report("found", found).data, colorsFor({}, {}));
  const question = `Type yes to release ${plural(resources.length, "resource")}:`;
  if (!(await confirm(context, args, shown, question))) return report("declined", found);
  assertUnchanged(state, args.yes === true ? state : await exportState(context), stack);

  const usual = join(context.root, `state.${stackName(stack)}.${timestamp()}.json`);
  const stateFile = args.stateFile === undefined ? usual : resolve(args.stateFile);
  await keepState(stateFile, state.text);
  // From here on it comes to its end: it takes seconds.
  const ignore = cancelOnSignals(() => {
    context.write("finishing: the state is being replaced …");
  });
  try {
    const replacing = (): Promise<void> => replaceState(context, emptyState(state.text));
    if (asked === undefined) await replacing();
    else await giveUpMarks(context, asked.administrator, asked.found, replacing);
  } finally {
    ignore();
  }
  return report("released", found, stateFile);
}

interface Asked {
  readonly administrator: ConnectionTarget;
  readonly found: OnServer;
}

async function askServer(context: CommandContext): Promise<Asked> {
  const { administrator } = await context.outputs();
  const databases = context.config.databases.map(({ name }) => name);
  const owner = `${context.project}/${stackName(context.stack)}`;
  const looking = lookOnServer(administrator, { owner, databases }).catch((error: unknown) => {
    throw explain(error);
  });
  return { administrator, found: await context.progress("asking the server", looking) };
}

function assertExisting({ stack, config }: CommandContext): void {
  if (config.server.existing !== undefined) return;
  const message = `its target is ${config.target}: the server is the stack's own, and nobody would look after it`;
  const hint = `destroy it: npm run pulumi -- destroy --stack ${stack}; to move its data elsewhere: npm run ops -- backup`;
  throw problemError(`stack ${stack}`, message, hint);
}

/** Pulumi's own name, without organisation and project. */
function stackName(stack: string): string {
  return stack.split("/").at(-1) ?? stack;
}

/** `20260401T120000Z`. */
function timestamp(): string {
  return new Date().toISOString().replace(/[-:]|\.\d+/g, "");
}

function explain(error: unknown): unknown {
  if (!(error instanceof ServerUnreachableError) && !(error instanceof LoginRefusedError)) return error;
  const hint =
    "bring it up, or let it in; if it is gone for good, say --no-server: its rows of pgstead.owner stay then";
  return cannotTell("nothing was released: the server does not answer", error.message, hint);
}

function describe(
  { stack }: CommandContext,
  {
    action,
    resources,
    found,
    stateFile,
  }: {
    readonly action: ReleaseData["action"];
    readonly resources: readonly StateResource[];
    readonly found: OnServer | undefined;
    readonly stateFile: string | undefined;
  },
): Report<ReleaseData> {
  const credentials = resources.filter(({ type }) => type === "pgstead:index:Credential");
  const hint = "run this again to type it";
  return {
    command: "release",
    stack,
    data: {
      action,
      resources: resources.map((resource) => ({ type: resource.type, name: nameOf(resource) })),
      passwords: credentials.map(nameOf).toSorted(),
      marks: found?.marks ?? null,
      left: found?.left ?? null,
      onHost: leftOnHost(resources),
      stateFile: stateFile ?? null,
      next: stateFile === undefined ? [] : nextCommands(stack, stateFile),
    },
    findings:
      action === "declined"
        ? [{ subject: `stack ${stack}`, message: "nothing was released: yes was not typed", hint }]
        : [],
  };
}

function nextCommands(stack: string, stateFile: string): string[] {
  const file = quoteShell(relative(process.cwd(), stateFile));
  return [
    `npm run pulumi -- stack rm ${stack}`,
    `npm run pulumi -- stack import --stack ${stack} --file ${file}`,
  ];
}

function renderRelease({ stack, data }: Report<ReleaseData>, colors: Colors): string {
  const { action, resources, stateFile, next } = data;
  if (resources.length === 0) return `stack ${stack}: its state is empty, there is nothing to release\n`;
  const number = plural(resources.length, "resource");
  const head = {
    found: `stack ${stack}: ${number} would leave the state`,
    declined: `stack ${stack}: ${number}, all of them still in the state`,
    released: `stack ${stack}: ${number} left the state; the state of before is in ${stateFile ?? ""}`,
  }[action];
  const why = ["the stack itself, which is empty", "takes everything back, as it was"];
  const width = Math.max(...next.map((line) => line.length));
  const following = next.map((line, index) => `  ${line.padEnd(width)}  # ${why[index] ?? ""}`);
  return [
    head,
    "",
    renderLists(data, colors),
    ...(following.length === 0 ? [] : ["", colors.bold("What may follow"), ...following]),
    "",
  ].join("\n");
}

/** What leaves, and what stays. */
function renderLists({ resources, passwords, marks, left, onHost }: ReleaseData, colors: Colors): string {
  const counted = new Map<string, string[]>();
  for (const { type, name } of resources) counted.set(type, [...(counted.get(type) ?? []), name]);
  const rows = [...counted].map(([type, names]) => [names.length, type, names.join(", ")]);
  const columns = [{ heading: "number", numeric: true }, { heading: "type" }, { heading: "names" }];
  const lines = [renderTable("Of the state", columns, rows, colors), ""];
  if (passwords.length > 0) lines.push(`Passwords that are in the state alone: ${passwords.join(", ")}.`);
  lines.push(
    marks === null
      ? "The server was not asked: what pgstead.owner says of this stack stays."
      : `Given up in pgstead.owner: ${marks.length === 0 ? "nothing" : marks.join(", ")}. All else on the server stays as it is.`,
  );
  for (const { database, what, statement, why } of left ?? []) {
    lines.push(
      `Stays in ${database}: ${what} (${why})${statement === null ? "" : `; to remove it: ${statement}`}`,
    );
  }
  return [...lines, ...renderLeftOnHost(onHost)].join("\n");
}

import { access, readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { resolveAdoption, type Adoption } from "../../../components/core/adopt/adoption";
import type { AdoptionNote, FoundServer, NameRules } from "../../../components/core/adopt/found";
import { renderImports, type ImportFile } from "../../../components/core/adopt/imports";
import { parseServerUrl } from "../../../components/core/adopt/url";
import { parseSshOptions, type SshOptions } from "../../../components/core/adopt/ssh-options";
import { renderPlace } from "../../../components/core/connection";
import { problemError, ProblemError } from "../../../components/core/problem";
import { quoteShell } from "../../../components/core/shell";
import { projectRoot } from "../../../components/io/places";
import { LoginRefusedError, ServerUnreachableError, WayClosedError } from "../../../components/io/session";
import { parseConfig } from "../../config";
import { databaseNameFault, roleNameFault, schemaNameFault, type Fault } from "../../config/names";
import { promptHidden, readPassword } from "../adopt/password";
import { findCluster } from "../adopt/find-cluster";
import { readServer } from "../adopt/read-server";
import { renderStackFile } from "../adopt/stack-file";
import type { Colors } from "../colors";
import type { OpsCommand, CommandContext, Rendering } from "../command";
import { cannotTell } from "../failure";
import type { Report } from "../report";
import { meantOrKnown } from "../meant";
import { plural } from "../text";
import { visible } from "../../../components/core/visible";

export interface AdoptArgs extends SshOptions {
  /** Libpq's URI without a password. */
  readonly url: string;
  /** Directory of both files; default the project's. */
  readonly out?: string;
  readonly force?: boolean;
  /** Names of the databases that are adopted; default all. */
  readonly database?: readonly string[];
}

export interface AdoptData {
  /** Path of the stack's configuration. */
  readonly stackFile: string;
  /** Path of the file for `pulumi import --file`. */
  readonly importFile: string;
  readonly databases: readonly string[];
  readonly roles: readonly string[];
  /** How many resources the import takes over. */
  readonly resources: number;
  /** What the configuration cannot say, and what becomes of it. */
  readonly notTakenOver: readonly AdoptionNote[];
  /** Commands that finish the adoption, in this order. */
  readonly next: readonly string[];
}

/** Writes a live server down as a stack: its configuration, and what `pulumi import` takes over. */
export const adoptCommand: OpsCommand<AdoptArgs, AdoptData> = {
  name: "adopt",
  summary: "write a live server down as a stack, and the file that imports it",
  worksWithoutConfig: true,
  declare: (command) => {
    command
      .requiredOption(
        "-u, --url <url>",
        "server and login, without a password: postgresql://user@host:port/database",
      )
      .option(
        "--ssh <user@host[:port]>",
        "host over which the server is reached; the URL is then as that host sees it",
      )
      .option("--ssh-key <file>", "private key (default: the agent's keys, else ~/.ssh/id_*)")
      .option("--ssh-host-key <line>", "the host's own key, `type base64` (default: ~/.ssh/known_hosts)")
      .option("--ssh-bastion <user@host[:port]>", "host that the SSH connection itself goes through")
      .option("--on-host", "that host is the server's own, and is managed as well (pgstead:server.onHost)")
      .option("-o, --out <directory>", "where the two files go (default: the project)")
      .option(
        "--database <name...>",
        "these alone, with the roles that own them, have settings or may connect there by name",
      )
      .option("--force", "replace the keys of pgstead in a stack's file that is there")
      .addHelpText(
        "after",
        `
The password comes from PGPASSWORD, from the password file (PGPASSFILE, else ~/.pgpass), or from a prompt.
The server is only read. No secret is written: roles keep their passwords.

Example:
  npm run ops -- adopt --url postgresql://postgres@db.example.com --stack prod
  npm run ops -- adopt --url postgresql://postgres@localhost --ssh deploy@db1.example.com --on-host --stack prod`,
      );
  },
  run: adopt,
  render: renderAdoption,
};

const rules: NameRules = {
  role: (name) => told(name === "postgres" ? undefined : roleNameFault(name)),
  database: (name) => told(databaseNameFault(name)),
  schema: (name) => told(schemaNameFault(name)),
};

function told(fault: Fault | undefined): string | undefined {
  return fault === undefined ? undefined : `${fault.message} that the configuration takes`;
}

export async function adopt(context: CommandContext, args: AdoptArgs): Promise<Report<AdoptData>> {
  const url = parseServerUrl(args.url);
  const ssh = parseSshOptions(args);
  const stack = assertStackName(context.stack);
  const directory = args.out === undefined ? projectRoot() : resolve(args.out);
  const stackFile = join(directory, `Pulumi.${stack}.yaml`);
  const importFile = join(directory, `import.${stack}.json`);
  const force = args.force === true;
  const existing = await readExistingFile(stackFile);
  // What cannot be written is told before a server is asked.
  renderStackFile(nothing, existing, { name: stackFile, force });
  if (!force) await assertAbsent(importFile);

  const way = ssh === undefined ? {} : { ssh };
  const target = { ...url, ...way, password: await readPassword(url, passwordSources()) };
  const place = renderPlace(target);
  const server = await context
    .progress(`reading the server at ${place}`, readServer(target, url.database))
    .catch((error: unknown) => {
      throw explain(error, place);
    });
  if (server.catalog.major < 14) throw tooOld(place, server.catalog.major);
  assertThere(server, args.database);
  const cluster = args.onHost === true ? { cluster: await findCluster(target) } : {};
  const adoption = resolveAdoption(
    {
      ...server,
      ...cluster,
      stack: `${context.project}/${stack}`,
      ...(args.database === undefined ? {} : { only: args.database }),
    },
    rules,
  );
  if (adoption.databases.length === 0) throw nothingToAdopt(place, adoption.notes);
  const imports = renderImports(adoption, { stack, project: context.project });
  // The program would refuse what this command wrote: that is a mistake of this command.
  parseConfig(adoption.config, { stack });

  await writeFile(stackFile, renderStackFile(adoption, existing, { name: stackFile, force }));
  await writeFile(importFile, `${JSON.stringify(imports, null, 2)}\n`);
  return {
    command: "adopt",
    stack: context.stack,
    data: describe(adoption, imports, { stack: context.stack, stackFile, importFile }),
    findings: [],
  };
}

/** @throws ProblemError for every database that is asked for and is not there */
function assertThere({ databases }: FoundServer, asked: readonly string[] = []): void {
  const there = databases.map(({ name }) => name);
  const problems = asked
    .filter((name) => !there.includes(name))
    .map((name) => ({
      path: "--database",
      message: `there is no database ${visible(name)}`,
      hint: meantOrKnown(name, there),
    }));
  if (problems.length > 0) throw new ProblemError("what is asked for is not on the server", problems);
}

const nothing: Adoption = { config: {}, databases: [], roles: [], notes: [] };

function passwordSources() {
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY;
  return { env: process.env, ...(isTerminal ? { prompt: promptHidden } : {}) };
}

/** The name that Pulumi gives the file: without an organisation and a project. */
function assertStackName(stack: string): string {
  const name = /^(?:[\w][\w.-]*\/){0,2}([\w][\w.-]*)$/.exec(stack)?.[1];
  if (name !== undefined && name !== "dev") return name;
  const message =
    name === "dev"
      ? "is the embedded stack of this project"
      : `${JSON.stringify(stack)} is not the name of a stack`;
  throw problemError("--stack", message, "give the new stack a name of its own, such as --stack prod");
}

async function readExistingFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw problemError(
      path,
      `cannot be read: ${(error as Error).message}`,
      "is it a file that this account may read?",
    );
  }
}

async function assertAbsent(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw problemError(path, "is there already", "remove it, or replace it with --force");
}

/** There is no stack yet that could be brought up, or that a state could belong to. */
function explain(error: unknown, place: string): unknown {
  if (error instanceof WayClosedError) return error; // it says where and what to do
  if (error instanceof ServerUnreachableError) {
    const hint =
      "is the server up, and does this machine get there? Is there a firewall or a tunnel in between?";
    return cannotTell(`server at ${place}`, error.message, hint);
  }
  if (error instanceof LoginRefusedError) {
    return cannotTell(
      `server at ${place}`,
      error.message,
      "are login and password right, and does pg_hba.conf let it in?",
    );
  }
  return error;
}

function tooOld(place: string, major: number): Error {
  const message = `it is PostgreSQL ${major}, and 14 is the oldest that is supported`;
  return problemError(`server at ${place}`, message, "upgrade it first, then run this again");
}

function nothingToAdopt(place: string, notes: readonly AdoptionNote[]): Error {
  const why = notes.map(({ subject, message }) => `; ${subject}: ${message}`).join("");
  const hint = "make a database first, or declare one in a stack of target existing";
  return problemError(`server at ${place}`, `has no database that could be taken over${why}`, hint);
}

function describe(
  adoption: Adoption,
  imports: ImportFile,
  { stack, stackFile, importFile }: { stack: string; stackFile: string; importFile: string },
): AdoptData {
  const on = `--stack ${stack}`;
  const file = quoteShell(relative(process.cwd(), importFile));
  return {
    stackFile,
    importFile,
    databases: adoption.databases.map(({ name }) => name),
    roles: adoption.roles.map(({ name }) => name),
    resources: imports.resources.filter(({ component }) => component !== true).length,
    notTakenOver: adoption.notes,
    next: [
      `npm run pulumi -- stack init ${stack}`,
      `npm run pulumi -- config set --secret pgstead:administratorPassword ${on}`,
      `npm run pulumi -- up ${on} --target '**ExistingServer**'`,
      `npm run pulumi -- import ${on} --file ${file} --protect=false --generate-code=false`,
      `npm run pulumi -- preview ${on}`,
    ],
  };
}

export function renderAdoption({ data }: Report<AdoptData>, _args: AdoptArgs, colors: Colors): Rendering {
  const { stackFile, importFile, databases, roles, resources, notTakenOver, next } = data;
  const why = [
    "unless the stack is there",
    "asks for the password, and writes it encrypted",
    "knows the server from now on; changes nothing on it",
    "takes over what is there; changes nothing on it",
    "has nothing to do",
  ];
  const width = Math.max(...next.map((line) => line.length));
  const lines = [
    `wrote ${stackFile}: ${plural(databases.length, "database")} (${databases.join(", ")}), ${plural(roles.length, "role")}`,
    `wrote ${importFile}: ${plural(resources, "resource")}`,
    ...(notTakenOver.length === 0 ? [] : ["", colors.bold("Not taken over")]),
    ...notTakenOver.map(({ subject, message }) => `  ${visible(subject)}: ${visible(message)}`),
    "",
    colors.bold("Next"),
    ...next.map((line, index) => `  ${line.padEnd(width)}  # ${why[index] ?? ""}`),
  ];
  return { output: `${lines.join("\n")}\n` };
}

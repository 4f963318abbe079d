import type { DeclaredSecurity, SecurityFacts } from "../../../components/core/operations/security/facts";
import { readDatabaseSecurity, readServerSecurity } from "../../../components/io/catalog/security";
import { installBinaries } from "../../../components/io/embedded/binaries";
import { runProgram } from "../../../components/io/process";
import {
  modesCommand,
  parseModes,
  readLocalModes,
  securityPaths,
} from "../../../components/io/security-files";
import { maintenanceDatabase } from "../../../components/io/session";
import { planStack } from "../../plan";
import type { CommandContext } from "../command";
import { declaredServer } from "../../config/declared";
import { findEngine } from "../find-engine";
import { openWatcher } from "../watcher";

/** Looks at all that controls ask for. Changes nothing. */
export async function readSecurity(context: CommandContext): Promise<SecurityFacts> {
  const watcher = await openWatcher(context);
  const server = await watcher.asAdministrator(maintenanceDatabase, readServerSecurity);
  const declared = declaredSecurity(context);
  const there = new Set(server.databases.map(({ name }) => name));
  const inside = new Map<string, Awaited<ReturnType<typeof readDatabaseSecurity>>>();
  for (const name of watcher.databases.filter((one) => there.has(one))) {
    inside.set(name, await watcher.asAdministrator(name, readDatabaseSecurity));
  }
  return {
    ...server,
    databases: server.databases.map((database) => {
      const content = inside.get(database.name);
      return content === undefined ? database : { ...database, inside: content };
    }),
    ...(await readHost(context, server.settings)),
    declared,
  };
}

/** What only the server's host tells: modes of files, and the version of the programs on its disk. */
async function readHost(
  context: CommandContext,
  settings: Readonly<Record<string, string>>,
): Promise<Pick<SecurityFacts, "files" | "installed">> {
  const { config, root } = context;
  const paths = securityPaths(settings);
  if (config.target === "existing" || paths.length === 0) return {};
  if (config.docker === undefined) {
    const files = await readLocalModes(paths);
    const { bin } = await installBinaries();
    const { stdout } = await runProgram(`${bin}/postgres`, ["--version"]);
    return { ...present("files", files), ...present("installed", versionIn(stdout)) };
  }
  // What speaks to an engine is loaded where there is one.
  const { runInContainer } = await import("../../../components/io/physical/run-in-container.js");
  const run = runInContainer(findEngine(config.docker, root), `${config.docker.name}-server`);
  const { stdout } = await run(modesCommand(paths), { timeoutMs: 30_000 });
  const version = await run(["postgres", "--version"], { timeoutMs: 30_000 });
  return { files: parseModes(stdout, paths), ...present("installed", versionIn(version.stdout)) };
}

/** `postgres (PostgreSQL) 17.10 (Debian …)` */
function versionIn(text: string): string | undefined {
  return /\(PostgreSQL\) (\S+)/.exec(text)?.[1];
}

function present<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}

/** What the stack declares, as far as controls ask for it. */
function declaredSecurity({ config, project, stack }: CommandContext): DeclaredSecurity {
  const { roles } = declaredServer(planStack(config), { project, stack });
  const { target, disposable, server, databases, backup, docker, tuning } = config;
  const filename = tuning?.settings.log_filename;
  return {
    ...{ target, disposable, administrator: server.administrator.name },
    roles: roles.map(
      ({ name, createRole, createDatabase, replication, bypassRowLevelSecurity, memberOf, settings }) => ({
        ...{ name, createRole, createDatabase, replication, bypassRowLevelSecurity },
        predefined: memberOf.map(({ role }) => role).filter((role) => role.startsWith("pg_")),
        migrator: settings.role !== undefined,
      }),
    ),
    databases: databases.map(({ name, extensions, audit }) => ({
      name,
      extensions: extensions.map((extension) => extension.name),
      recordsDdl:
        audit !== undefined && (audit.ddl || audit.pgaudit.some((word) => ["ddl", "all"].includes(word))),
    })),
    published: docker?.publish ?? [],
    physicalBackups: docker?.physical !== undefined,
    logicalBackups: backup.logical !== undefined,
    drills: backup.drill !== undefined,
    // The ring of the embedded server comes round after 28 days at least.
    ...present(
      "logDays",
      docker?.logs.days ?? (target === "embedded" && filename === undefined ? 28 : undefined),
    ),
  };
}

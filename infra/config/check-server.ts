import { parseFileName } from "../../components/core/migrations/file-name";
import type { Problem } from "../../components/core/problem";
import { databaseNameFault, nameFault, roleNameFault, type Fault } from "./names";
import type { Draft } from "./draft";
import type { WrittenConfig } from "./schema";
import { renderPath, renderValue } from "./shape";

/** What the types alone cannot tell about target, server and allowed losses. */
export function checkServer(config: WrittenConfig, drafts: readonly Draft[]): Problem[] {
  return [
    ...checkTarget(config.target),
    ...at(["server", "dataDirectory"], dataDirectoryFault(config.server.dataDirectory)),
    ...at(["server", "administrator", "name"], roleNameFault(config.server.administrator.name)),
    ...checkAllowedLosses(config.allowDataLoss, drafts),
  ];
}

/** A fault, if there is one, as the problem of a path. */
export function at(path: readonly (string | number)[], fault: Fault | undefined): Problem[] {
  return fault === undefined ? [] : [{ path: renderPath(path), ...fault }];
}

function checkTarget(target: WrittenConfig["target"]): Problem[] {
  if (target !== "ha") return [];
  const hint = "set pgstead:target to embedded, docker or existing";
  return at(["target"], { message: `${target} is not available yet`, hint });
}

function dataDirectoryFault(path: string | undefined): Fault | undefined {
  if (path === undefined) return undefined;
  if (!/^(?:\/|[A-Za-z]:[\\/])/.test(path)) {
    return {
      message: `${renderValue(path)} is not an absolute path`,
      hint: "write the whole path, such as /srv/postgresql/shop; ~ and variables are not replaced",
    };
  }
  const steps = path.split(/[\\/]/).filter((step) => step !== "" && !/^[A-Za-z]:$/.test(step));
  if (steps.includes("..") || steps.includes(".")) {
    return { message: `${renderValue(path)} has . or .. in it`, hint: "write the path without them" };
  }
  // The directory is the server's own, and goes with a disposable stack: nobody's home or root.
  if (steps.length >= 2) return undefined;
  return {
    message: `${renderValue(path)} is too near to the root to be a server's own`,
    hint: "choose a directory that nothing else uses, such as /srv/postgresql/shop",
  };
}

function checkAllowedLosses(entries: readonly string[], drafts: readonly Draft[]): Problem[] {
  return entries.flatMap((entry, index) => {
    const path = ["allowDataLoss", index];
    if (entries.indexOf(entry) !== index) {
      return at(path, { message: `${renderValue(entry)} is listed twice`, hint: "remove one of the two" });
    }
    return at(path, lossFault(entry, drafts));
  });
}

/** What a migration of a declared database may lose. */
function migrationFault(
  entry: string,
  drafts: readonly Draft[],
  { database, file }: { readonly database: string | undefined; readonly file: string },
): Fault | undefined {
  if (drafts.every(({ name }) => name !== database)) {
    const known = drafts.map(({ name }) => name).join(", ");
    return {
      message: `${renderValue(entry)} is of no declared database`,
      hint: `the databases are ${known}`,
    };
  }
  if ("kind" in parseFileName(file) || file.endsWith(".py")) return undefined;
  return {
    message: `${renderValue(entry)} names no migration`,
    hint: "copy the entry from the refusal that asks for it",
  };
}

function lossFault(written: string, drafts: readonly Draft[]): Fault | undefined {
  // What a migration loses by the word of its file needs an entry only where no backup has it.
  const entry = written.startsWith("migration ") ? written : written.replace(/ without backup$/, "");
  const [, database] = /^database (\S+)$/.exec(entry) ?? [];
  const [, migrated, file] = /^(?:migration|downgrade) ([^\s/]+)\/(\S+)$/.exec(entry) ?? [];
  if (file !== undefined) return migrationFault(entry, drafts, { database: migrated, file });
  const [, inDatabase, schema] = /^schema ([^\s.]+)\.([^\s.]+)$/.exec(entry) ?? [];
  const names = [database, inDatabase, schema].filter((name) => name !== undefined);
  if (names.length === 0 || names.some((name) => nameFault(name) !== undefined)) {
    return {
      message: `${renderValue(entry)} is not \`database <name>\`, \`schema <database>.<schema>\`, \`migration <database>/<file>\` or \`downgrade <database>/<file>\``,
      hint: "copy the entry from the refusal that asks for it",
    };
  }
  if (database !== undefined && databaseNameFault(database) !== undefined) {
    return { message: `${database} is a database that every server has`, hint: "remove the entry" };
  }
  const draft = drafts.find(({ name }) => name === (database ?? inDatabase));
  const declared =
    schema === undefined ? draft !== undefined : draft?.config.schemas.some(({ name }) => name === schema);
  if (declared !== true) return undefined;
  return {
    message: `${renderValue(entry)} allows the loss of what is declared`,
    hint: "remove the entry, or remove the declaration as well",
  };
}

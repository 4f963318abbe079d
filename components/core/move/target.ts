import type { BackupManifest } from "../backup/manifest";
import type { Problem } from "../problem";

/** What the server is that a copy goes to. */
export interface TargetFacts {
  /** Whether the managing login is one. */
  readonly isSuperuser: boolean;
  /** Whether it has the database that is replaced. */
  readonly isThere: boolean;
  /** Of that database, in bytes; null: there is none. */
  readonly size: number | null;
  /** Of other clients, in that database: they end. */
  readonly sessions: number;
  /** Of that database: they stay with it, and nobody reads on. */
  readonly subscriptions: readonly string[];
  /** For logical replication, of that database: they stay with it, and keep the server's log. */
  readonly slots: readonly string[];
  /** Of the server. */
  readonly roles: readonly string[];
  /** That can be made there. */
  readonly extensions: readonly string[];
}

/** Roles of a backup, as the server has them that it goes to. */
export interface MappedRoles {
  /** Whose privileges and objects go to the role of the same name. */
  readonly there: readonly string[];
  /** That are made, without login and password. */
  readonly made: readonly string[];
}

/** Why a server cannot take a copy; empty: it can. */
export function checkTarget(
  { isSuperuser, extensions }: TargetFacts,
  { snapshot }: Pick<BackupManifest, "snapshot">,
  database: string,
): Problem[] {
  const problems: Problem[] = [];
  if (database === "postgres") {
    const hint = "copy to a database of its own";
    problems.push({ path: `database ${database}`, message: "is where the server is managed from", hint });
  }
  if (!isSuperuser) {
    problems.push({
      path: "the managing login",
      message:
        "is no superuser: triggers and foreign keys would see the masking, and row-level security could hide rows from it",
      hint: "copy to a stack whose managing login is one",
    });
  }
  const lacking = snapshot.extensions.filter(({ name }) => !extensions.includes(name));
  return [
    ...problems,
    ...lacking.map(({ name }) => ({
      path: `extension ${name}`,
      message: "is in the backup, and the server that it goes to does not have it",
      hint: "install it there, or copy to a server that has it",
    })),
  ];
}

/** Roles that the backup names, by whether the server has them. */
export function mapRoles(
  { roles }: TargetFacts,
  { snapshot }: Pick<BackupManifest, "snapshot">,
): MappedRoles {
  const known = new Set(roles);
  const names = snapshot.roles.map(({ name }) => name);
  return { there: names.filter((name) => known.has(name)), made: names.filter((name) => !known.has(name)) };
}

import type { MadeObject, PendingFile } from "../migrations/made-objects";
import type { Statement } from "../statement";
import type { AclKind } from "./declaration";
import type { ExplicitGrant, Named } from "./grants";
import { renderChanges, targetOf, type ObjectChange } from "./statements";

/** What a grant names and the database does not have. */
export interface Unmet {
  readonly grant: ExplicitGrant;
  /** Columns that are not there; undefined: the object itself is not. */
  readonly columns?: readonly string[];
}

/** Grants that hold once migrations of the same run have made what they name. */
export interface PendingGrants {
  readonly statements: readonly Statement[];
  /** What no pending file is known to make. */
  readonly rest: readonly Unmet[];
}

/** Plans the grants on what pending files make: each statement says after which file. */
export function planPending(
  unmet: readonly Unmet[],
  after: readonly PendingFile[],
  all: Readonly<Partial<Record<AclKind, readonly string[]>>>,
): PendingGrants {
  const changes = unmet.map((one) => changesOf(one, after, all));
  return {
    statements: renderChanges(changes.flat()),
    rest: unmet.filter((_one, index) => changes[index]?.length === 0),
  };
}

function changesOf(
  { grant, columns }: Unmet,
  after: readonly PendingFile[],
  all: Readonly<Partial<Record<AclKind, readonly string[]>>>,
): ObjectChange[] {
  const { target, role, privileges, grantOption = false } = grant;
  const [schema = "", name = ""] = target.name?.path ?? [];
  const named: Named = {
    kind: target.kind,
    schema,
    name,
    ...(target.name?.args === undefined ? {} : { args: target.name.args }),
  };
  const words = privileges.flatMap((word) =>
    word.toUpperCase() === "ALL" ? (all[target.kind] ?? ["ALL"]) : [word.toUpperCase()],
  );
  return (columns ?? grant.columns ?? [undefined]).flatMap((column) => {
    const file = after.find(({ makes }) => makes.some((made) => isMade(named, column, made)))?.file;
    if (file === undefined) return [];
    const reason = `declared in grants of ${role}; after ${file}`;
    const change = { verb: "GRANT", grantee: role, option: grantOption, reason } as const;
    const place = { object: targetOf(named), ...(column === undefined ? {} : { column }) };
    return words.map((privilege) => ({ ...change, ...place, privilege }));
  });
}

/** A name that a file leaves to the search path may be the one that is meant. */
function isMade(named: Named, column: string | undefined, made: MadeObject): boolean {
  if (made.kind !== named.kind || made.name !== named.name) return false;
  if (made.schema !== undefined && made.schema !== named.schema) return false;
  return made.column === undefined || made.column === column;
}

/** `sql/migrations/0001-a.sql, sql/migrations/0002-b.sql`; of many the first and the last. */
export function nameFiles(after: readonly PendingFile[]): string {
  const files = after.map(({ file }) => file);
  if (files.length <= 3) return files.join(", ");
  return `${files.length} files, ${files[0] ?? ""} to ${files.at(-1) ?? ""}`;
}

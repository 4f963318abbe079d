import { quoteLiteral } from "../identifier";
import type { Plan, Refusal, Statement } from "../statement";
import type { ServerAccess, ServerCatalog } from "./model";
import { makeOwnerTable, ownerTable, type OwnerMark, type OwnerPlace } from "./owner-row";

/** What else the plan says, which marks go with. */
export interface Marking {
  /** Whether statements of other kinds are in the plan. */
  readonly hasOthers: boolean;
  /** Whether the server's row, and so the table, is made by the same plan. */
  readonly makesTable: boolean;
  /** True after an import: what was taken over is as it was, and a plan that is empty stays so. */
  readonly imported: boolean;
}

/**
 * On a server with several stacks each marks its databases and roles (rows of `pgstead.owner` in the maintenance
 * database), so that another one that declares them as well is refused by name instead of changing them to and fro.
 *
 * Marks are written by the run that makes something, or changes something, and never alone: after an import nothing is to
 * be done, and a stack of an earlier version has nothing to do either.
 */
export function planMarks(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ServerCatalog,
  marking: Marking,
): Plan {
  const { markedAs } = desired;
  const { marks = [] } = actual.owner;
  if (markedAs === undefined) return { statements: [], refusals: [] };
  const names = markNames(desired);
  const known = before === undefined ? [] : markNames(before);
  const others = new Map(marks.filter(({ stack }) => stack !== markedAs).map((mark) => [mark.what, mark]));
  const refusals = [...new Set([...names, ...known])].flatMap((what) => refuse(others.get(what)));
  if (refusals.length > 0 || !mayMark(actual)) return { statements: [], refusals };
  const own = new Set(marks.filter(({ stack }) => stack === markedAs).map(({ what }) => what));
  const missing = names.filter((what) => !own.has(what));
  const isFirst = before === undefined && !marking.imported;
  const isDue =
    marking.hasOthers || isFirst || (before !== undefined && missing.some((what) => !known.includes(what)));
  return {
    statements: [
      ...(isDue ? mark(missing, markedAs, marking.makesTable ? tableThere : actual.owner) : []),
      ...unmark(
        [...own].filter((what) => !names.includes(what)),
        markedAs,
        "they left the configuration",
      ),
    ],
    refusals,
  };
}

const tableThere: OwnerPlace = { hasSchema: true, hasTable: true, mayCreate: true, row: undefined };

/** The statements that take a stack's marks away when it is destroyed, or gives the server back. */
export function removeMarks(marks: readonly OwnerMark[], stack: string, reason: string): Statement[] {
  const own = marks.filter((one) => one.stack === stack).map(({ what }) => what);
  return unmark(own, stack, reason);
}

/** The stack that has marked something as its own, where that is not this one. */
export function otherStack(
  what: string,
  { marks = [] }: OwnerPlace,
  stack: string | undefined,
): string | undefined {
  return marks.find((mark) => mark.what === what && mark.stack !== stack)?.stack;
}

/** What a stack marks, sorted. */
export function markNames({
  databases,
  roles,
  groups,
}: Pick<ServerAccess, "databases" | "roles" | "groups">): string[] {
  const all = [
    ...databases.map(({ name }) => `database ${name}`),
    ...[...roles, ...groups].map(({ name }) => `role ${name}`),
  ];
  return [...new Set(all)].toSorted();
}

function refuse(other: OwnerMark | undefined): Refusal[] {
  if (other === undefined) return [];
  const { what, stack, since, by } = other;
  return [
    {
      subject: what,
      message: `it belongs to stack ${stack}, since ${since} (by ${by})`,
      hint:
        `change it there, and declare one of another name here; if that stack is gone: ` +
        `DELETE FROM pgstead.owner WHERE what = ${quoteLiteral(what).trim()}, in database postgres`,
    },
  ];
}

/** Where the row of the server has to stand in another database nobody would find marks. */
function mayMark({ owner, capabilities }: ServerCatalog): boolean {
  if (owner.database !== undefined) return false;
  // Somebody else reads for the managing login, whose rights nobody knows then.
  if (capabilities === undefined) return true;
  return owner.hasTable ? owner.mayWrite === true : owner.mayCreate;
}

function mark(names: readonly string[], stack: string, place: OwnerPlace): Statement[] {
  if (names.length === 0) return [];
  const rows = names.map((what) => `(${quoteLiteral(what).trim()}, ${quoteLiteral(stack).trim()})`);
  const insert = `INSERT INTO ${ownerTable} (what, stack) VALUES ${rows.join(", ")}`;
  const reason = `stack ${stack} declares ${names.length === 1 ? "it" : "them"}: another stack of this server is refused`;
  return [...makeOwnerTable(place), insert].map((sql) => ({ sql, reason, risk: "none", kind: "server" }));
}

function unmark(names: readonly string[], stack: string, reason: string): Statement[] {
  if (names.length === 0) return [];
  const list = names.map((what) => quoteLiteral(what).trim()).join(", ");
  const sql = `DELETE FROM ${ownerTable} WHERE stack = ${quoteLiteral(stack).trim()} AND what IN (${list})`;
  return [{ sql, reason, risk: "none", kind: "server" }];
}

import { quoteIdentifier } from "../identifier";
import type { Statement, Undeclared } from "../statement";
import { ownerIn, type PrivilegesDeclaration } from "./declaration";
import type { OutOfReach } from "./reach";

/** How an object is altered: `TABLE`, `MATERIALIZED VIEW`, `ROUTINE`, `TEXT SEARCH DICTIONARY` … */
export type AlterWord = string;

/** Something with an owner. */
export interface Owned {
  /** Its number and kind: another object of the same name has another one. */
  readonly id: string;
  readonly alter: AlterWord;
  /** Empty for what is in no schema. */
  readonly schema: string;
  readonly owner: string;
  /** A sequence of a column: it belongs to whoever owns the table. */
  readonly linked?: boolean;
}

/** Something that has an owner and no privileges: a collation, an operator, extended statistics … */
export interface ActualOwned extends Owned {
  /** Its name as SQL. */
  readonly sql: string;
}

export interface OwnerPlan {
  /** The owner that it has afterwards. */
  readonly owner: string;
  readonly statements: readonly Statement[];
  readonly undeclared: readonly Undeclared[];
}

/**
 * The statement that gives an object to its schema's owner, where one of the stack's roles or the managing login has it;
 * what belongs to somebody else is told.
 *
 * @param ours roles of the stack in this database
 * @param sql the object's name as SQL
 */
export function planOwner(
  declaration: PrivilegesDeclaration,
  ours: ReadonlySet<string>,
  object: Owned,
  sql: string,
): OwnerPlan {
  const { owner: has, schema, alter } = object;
  const nothing = { owner: has, statements: [], undeclared: [] };
  const owner = schema === "" ? has : ownerIn(declaration, schema);
  if (has === owner || isKept(declaration, has)) return nothing;
  if (!isMoved(declaration, ours, has)) {
    if (object.linked === true) return nothing;
    const subject = `owner of ${alter.toLowerCase()} ${sql}`;
    const message = `it belongs to ${has}, whom nobody declared; ${owner} would own it`;
    return { ...nothing, undeclared: [{ kind: "owner", subject, message }] };
  }
  if (object.linked === true) return { ...nothing, owner };
  return {
    owner,
    statements: [
      {
        sql: `ALTER ${alter} ${sql} OWNER TO ${quoteIdentifier(owner)}`,
        reason: `the server has owner ${has}`,
        // It takes the strongest lock of a relation, for a moment.
        risk: relations.has(alter) ? "lock" : "access",
        kind: "owner",
      },
    ],
    undeclared: [],
  };
}

const relations = new Set(["TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE"]);

/** Owners of what has no privileges. */
export function planOwned(
  declaration: PrivilegesDeclaration,
  ours: ReadonlySet<string>,
  unreachable: ReadonlySet<string>,
  objects: readonly ActualOwned[],
): Omit<OwnerPlan, "owner"> & { readonly outOfReach: readonly OutOfReach[] } {
  const plans = objects
    .toSorted((a, b) => (a.alter + a.sql < b.alter + b.sql ? -1 : 1))
    .map((object) => {
      const plan = planOwner(declaration, ours, object, object.sql);
      const beyond = [object.owner, plan.owner].find((role) => unreachable.has(role));
      if (beyond === undefined || plan.statements.length === 0) return { ...plan, outOfReach: [] };
      const { alter, sql, schema } = object;
      const outOfReach = [{ role: beyond, object: { word: alter, sql, place: schema } }];
      return { ...plan, statements: [], outOfReach };
    });
  return {
    statements: plans.flatMap(({ statements }) => statements),
    undeclared: plans.flatMap(({ undeclared }) => undeclared),
    outOfReach: plans.flatMap(({ outOfReach }) => outOfReach),
  };
}

/** `retired: keep` leaves a role its objects. */
function isKept({ roles }: PrivilegesDeclaration, owner: string): boolean {
  return roles.some(({ name, retired }) => name === owner && retired === "keep");
}

function isMoved(
  { manager, authoritative }: PrivilegesDeclaration,
  ours: ReadonlySet<string>,
  owner: string,
): boolean {
  return ours.has(owner) || owner === manager || authoritative;
}

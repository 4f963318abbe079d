import { DatabaseError } from "pg";
import {
  decideReplacement,
  restorePrivileges,
  type FoundObject,
  type Privilege,
} from "../../core/repeatables/replacement";
import { dropStatement } from "../../core/repeatables/decide";
import type { DatabaseObject } from "../../core/repeatables/objects";
import { madeBy, type Repeatable, type RepeatableStatement } from "../../core/repeatables/repeatable";
import { sendStatement, type RunContext } from "../migrations/run-context";
import { MigrationFailure } from "../migrations/statement-failure";
import { findObjects, readDependences, readPrivileges } from "./catalog";

/** What the files of one transaction share. */
export interface Application {
  /** All files, in their order. */
  readonly repeatables: readonly Repeatable[];
  /** Those that are still to be applied. */
  readonly pending: Set<Repeatable>;
  /** Objects that were dropped because CREATE OR REPLACE would not do. */
  readonly replaced: Set<string>;
  /** What objects had that were dropped, until they are made anew. */
  readonly privileges: Map<string, readonly Privilege[]>;
}

/**
 * What CREATE OR REPLACE says where it cannot change what is there: other columns of a view, another return type or
 * other names of arguments, a procedure in the place of a function.
 */
const notReplaceable = new Set(["42P16", "42P13", "42809"]);

/** Applies a file within the transaction, as the owner. */
export async function applyFile(
  context: RunContext,
  application: Application,
  file: Repeatable,
): Promise<void> {
  const { session } = context;
  for (;;) {
    await session.query("SAVEPOINT pgstead_file");
    const failed = await sendFile(context, application, file);
    if (failed === undefined) break;
    const { statement, error } = failed;
    await session.query("ROLLBACK TO SAVEPOINT pgstead_file");
    const [found] = statement.makes === undefined ? [] : await findSafely(context, [statement.makes]);
    if (found === undefined || application.replaced.has(found.object)) throw error;
    application.replaced.add(found.object);
    await drop(context, application, { file, statement, roots: [found] });
  }
  await session.query("RELEASE SAVEPOINT pgstead_file");
}

/** @returns the statement that cannot replace what is there */
async function sendFile(
  context: RunContext,
  application: Application,
  file: Repeatable,
): Promise<{ readonly statement: RepeatableStatement; readonly error: MigrationFailure } | undefined> {
  for (const statement of file.statements) {
    try {
      if (statement.drops.length > 0) {
        const roots = (await findSafely(context, statement.drops)).filter((found) => found !== undefined);
        await drop(context, application, { file, statement, roots });
      } else {
        await sendStatement(context, { migration: file }, statement);
        if (statement.makes !== undefined) await restore(context, application, statement.makes);
      }
    } catch (error) {
      if (error instanceof MigrationFailure && notReplaceable.has(error.code ?? ""))
        return { statement, error };
      throw error;
    }
  }
  return undefined;
}

/** Drops objects and what stands on them, where files make all of it anew; nothing goes that nobody makes. */
async function drop(
  { session, waiting }: RunContext,
  { repeatables, pending, privileges }: Application,
  {
    file,
    statement,
    roots,
  }: {
    readonly file: Repeatable;
    readonly statement: RepeatableStatement;
    readonly roots: readonly FoundObject[];
  },
): Promise<void> {
  if (roots.length === 0) return;
  const makers = await makersOf({ session }, repeatables);
  const { drops, strangers } = decideReplacement(roots, await readDependences(session, roots), (object) =>
    makers.has(object),
  );
  const place = `${file.path}:${statement.firstLine}`;
  if (strangers.length > 0) throw standsInTheWay(place, roots, strangers);
  for (const [object, found] of grouped(await readPrivileges(session, drops))) privileges.set(object, found);
  for (const found of drops) {
    await session.query(dropStatement(found.object)).catch((error: unknown) => {
      throw dropFailure(place, found.object, error);
    });
    const maker = makers.get(found.object);
    if (maker !== undefined && maker !== file) pending.add(maker);
  }
  await waiting.say(`${place}: made anew: ${drops.map(({ object }) => object).join(", ")}`);
}

function grouped(privileges: readonly Privilege[]): Map<string, Privilege[]> {
  const groups = new Map<string, Privilege[]>();
  for (const one of privileges) groups.set(one.object, [...(groups.get(one.object) ?? []), one]);
  return groups;
}

/** The file that makes each object that is there. */
async function makersOf(
  context: Pick<RunContext, "session">,
  repeatables: readonly Repeatable[],
): Promise<ReadonlyMap<string, Repeatable>> {
  const makers = new Map<string, Repeatable>();
  for (const file of repeatables) {
    for (const found of await findSafely(context, madeBy(file)))
      if (found !== undefined) makers.set(found.object, file);
  }
  return makers;
}

/** Before PostgreSQL 16 a signature with a type that is not there is an error: what it is of is not there either. */
async function findSafely(
  { session }: Pick<RunContext, "session">,
  objects: readonly DatabaseObject[],
): Promise<(FoundObject | undefined)[]> {
  await session.query("SAVEPOINT pgstead_look");
  try {
    const found = await findObjects(session, objects);
    await session.query("RELEASE SAVEPOINT pgstead_look");
    return found;
  } catch (error) {
    if (!(error instanceof DatabaseError) || !["42704", "3F000"].includes(error.code ?? "")) throw error;
    await session.query("ROLLBACK TO SAVEPOINT pgstead_look");
    if (objects.length <= 1) return objects.map(() => undefined);
    const found: (FoundObject | undefined)[] = [];
    for (const object of objects) found.push(...(await findSafely({ session }, [object])));
    return found;
  }
}

/** What was dropped and is made anew has the privileges that it had; what the file says after that counts. */
async function restore(
  { session }: RunContext,
  { privileges }: Application,
  made: DatabaseObject,
): Promise<void> {
  if (privileges.size === 0) return;
  const [found] = await findObjects(session, [made]);
  const had = found === undefined ? undefined : privileges.get(found.object);
  if (found === undefined || had === undefined) return;
  for (const sql of restorePrivileges(had, await readPrivileges(session, [found]))) await session.query(sql);
  privileges.delete(found.object);
}

function standsInTheWay(
  path: string,
  roots: readonly FoundObject[],
  strangers: readonly string[],
): MigrationFailure {
  const names = roots.map(({ object }) => object).join(", ");
  return new MigrationFailure(
    {
      path,
      message: `${names} would have to be dropped and made anew, and no repeatable file makes what depends on it: ${strangers.join(", ")}`,
      hint: "drop that in a migration before, and make it anew after; or make it in a repeatable file as well",
    },
    `not replaced: ${strangers.length} dependent`,
  );
}

function dropFailure(path: string, object: string, error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  const { code = "no code", message, detail } = error;
  const hint = "take what is in the way elsewhere, and run this again";
  return new MigrationFailure(
    {
      path,
      message: `${dropStatement(object)}: ${message} (${code})${detail === undefined ? "" : `; ${detail}`}`,
      hint,
    },
    `${code}, ${object}`,
    { cause: error },
  );
}

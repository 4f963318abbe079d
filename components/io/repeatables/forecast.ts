import { DatabaseError } from "pg";
import { quoteIdentifier } from "../../core/identifier";
import type { SqlParser } from "../../core/migrations/sql-parser";
import type { RepeatableStep } from "../../core/repeatables/decide";
import { decideReplacement, type Forecast, type FoundObject } from "../../core/repeatables/replacement";
import { madeBy, type Repeatable, type RepeatableStatement } from "../../core/repeatables/repeatable";
import {
  changesColumns,
  changesShape,
  shapeOf,
  viewQuery,
  type FunctionShape,
  type Part,
} from "../../core/repeatables/shape";
import type { Session } from "../session";
import { findObjects, readDependences } from "./catalog";

/**
 * Looks what of the files CREATE OR REPLACE could not change; changes nothing. What cannot be told (as it stands on what
 * is not there yet) is left out: the run itself finds out.
 *
 * @param session a look that may become the owner
 */
export async function forecastReplacements(
  session: Session,
  owner: string,
  {
    steps,
    repeatables,
    parser,
  }: {
    readonly steps: readonly RepeatableStep[];
    readonly repeatables: readonly Repeatable[];
    readonly parser: SqlParser;
  },
): Promise<Forecast[]> {
  if (steps.length === 0) return [];
  await session.query("BEGIN READ ONLY");
  try {
    // Whoever may only look does not know what names mean to the owner.
    if (!(await tried(session, () => session.query(`SET LOCAL ROLE ${quoteIdentifier(owner)}`), "keep")))
      return [];
    const made = new Set<string>();
    for (const file of repeatables) {
      for (const found of (await tried(session, () => findObjects(session, madeBy(file)))) ?? []) {
        if (found !== undefined) made.add(found.object);
      }
    }
    const forecasts: Forecast[] = [];
    for (const { repeatable } of steps) {
      for (const statement of repeatable.statements) {
        const roots = (await tried(session, () => replacedBy(session, statement, parser))) ?? [];
        if (roots.length === 0) continue;
        const { drops, strangers } = decideReplacement(
          roots,
          await readDependences(session, roots),
          (object) => made.has(object),
        );
        const path = `${repeatable.path}:${statement.firstLine}`;
        forecasts.push({ path, objects: drops.map(({ object }) => object), strangers });
      }
    }
    return forecasts;
  } finally {
    await session.query("ROLLBACK");
  }
}

/** What the server cannot say of what is not there yet is not known. */
async function tried<Result>(
  session: Session,
  look: () => Promise<Result>,
  after: "keep" | "undo" = "undo",
): Promise<Result | undefined> {
  await session.query("SAVEPOINT pgstead_look");
  try {
    const result = await look();
    await session.query(`${after === "undo" ? "ROLLBACK TO" : "RELEASE"} SAVEPOINT pgstead_look`);
    return result;
  } catch (error) {
    if (!(error instanceof DatabaseError) || !/^(?:42|3F|22)/.test(error.code ?? "")) throw error;
    await session.query("ROLLBACK TO SAVEPOINT pgstead_look");
    return undefined;
  }
}

/** What is there and a statement cannot change as it is, or drops itself. */
async function replacedBy(
  session: Session,
  statement: RepeatableStatement,
  parser: SqlParser,
): Promise<FoundObject[]> {
  const { makes, drops, node, text } = statement;
  const asked = drops.length > 0 ? drops : makes === undefined ? [] : [makes];
  const found = (await findObjects(session, asked)).filter((one) => one !== undefined);
  const [only] = found;
  if (drops.length > 0 || only === undefined) return found;
  const shape = shapeOf(node);
  if (shape !== undefined) {
    return changesShape(await readShape(session, only), await resolved(session, shape)) ? [only] : [];
  }
  const view = viewQuery(node, text, parser);
  if (view === undefined) return [];
  const now = await session.describe(`SELECT * FROM (${view.query}\n) AS q LIMIT 0`);
  const named = now.map(({ name, type }, index) => ({ name: view.names[index] ?? name, type }));
  return changesColumns(await readColumns(session, only), named) ? [only] : [];
}

async function readColumns(session: Session, { objid }: FoundObject): Promise<Part[]> {
  return session.query<Part & Record<string, unknown>>(
    `SELECT attname::text AS name, atttypid::text || ' ' || atttypmod AS type FROM pg_catalog.pg_attribute
     WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [objid],
  );
}

async function readShape(session: Session, { objid }: FoundObject): Promise<FunctionShape> {
  const [row] = await session.query<
    Omit<FunctionShape, "inputs" | "outputs"> & { parts: (Part & { mode: string })[] }
  >(
    `SELECT p.prokind = 'p' AS "isProcedure", p.prorettype::text AS returns, p.proretset AS "isSet", p.pronargdefaults::int AS defaults,
            (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
               'name', coalesce(p.proargnames[a.place], ''), 'type', a.type::text, 'mode', coalesce(p.proargmodes[a.place]::text, 'i'))
               ORDER BY a.place), '[]'::json)
             FROM pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS a (type, place)) AS parts
     FROM pg_catalog.pg_proc AS p WHERE p.oid = $1::oid`,
    [objid],
  );
  if (row === undefined) throw new Error("a function that was found is gone");
  const { parts, ...rest } = row;
  const of = (...modes: readonly string[]): Part[] =>
    parts.filter(({ mode }) => modes.includes(mode)).map(({ name, type }) => ({ name, type }));
  return { ...rest, inputs: of("i", "b", "v"), outputs: of("o", "b", "t") };
}

/** The same with the server's numbers for types. */
async function resolved(session: Session, shape: FunctionShape): Promise<FunctionShape> {
  const texts = [shape.returns, ...[...shape.inputs, ...shape.outputs].map(({ type }) => type)];
  const rows = await session.query<{ type: string | null }>(
    `SELECT pg_catalog.to_regtype(t)::oid::text AS type FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS u (t, place) ORDER BY place`,
    [texts],
  );
  const number = new Map(texts.map((text, index) => [text, rows[index]?.type ?? text]));
  const part = ({ name, type }: Part): Part => ({ name, type: number.get(type) ?? type });
  return {
    ...shape,
    returns: number.get(shape.returns) ?? shape.returns,
    inputs: shape.inputs.map(part),
    outputs: shape.outputs.map(part),
  };
}

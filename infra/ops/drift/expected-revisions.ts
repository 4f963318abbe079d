import { compareRevisions } from "../../../components/core/migrations/alembic/decide-revisions";
import { ancestorsOf, inRunningOrder } from "../../../components/core/migrations/alembic/revision";
import type { SqlParser } from "../../../components/core/migrations/sql-parser";
import { ProblemError } from "../../../components/core/problem";
import { lookWithAlembic } from "../../../components/io/alembic/look";
import { replayRevisions } from "../../../components/io/scratch/revisions";
import { findAlembic } from "../migrate/alembic/application";
import type { LiveSchema } from "../schema/live";
import { replayed, type Expectation, type ExpectedSchema, type NothingExpected } from "./expected";

/**
 * What the revisions of an application give that its Alembic says are applied.
 *
 * @throws ProblemError where the files are not what ran, do not run on a scratch database, or the application does not
 * reach one
 */
export async function expectRevisions(
  expectation: Expectation,
  live: LiveSchema,
  parser: SqlParser,
): Promise<ExpectedSchema | NothingExpected> {
  const { context, database } = expectation;
  const { setup, login } = await findAlembic(context, database);
  const { state, digest } = await context.progress(
    `asking the Alembic of ${database.name}`,
    lookWithAlembic({ ...login, setup }, async (look) => {
      return { state: look.state, digest: (await look.bridge.ask("describe", {})).digest };
    }),
  );
  const { revisions, current } = state;
  if (current.length === 0) {
    const hint = "`migrate upgrade`, or `migrate baseline` where it has what the revisions make";
    return { nothing: `no revision was ever applied to it: ${hint}` };
  }
  const problems = compareRevisions(state);
  if (problems.length > 0) throw new ProblemError("the history and the files differ", problems);
  const ids = ancestorsOf(current, revisions);
  const applied = inRunningOrder(revisions.filter(({ revision }) => ids.has(revision)));
  const made = await replayed(expectation, live, parser, {
    label: `applying ${applied.length} revisions to a scratch database`,
    from: { setup, digest, revisions: applied.map(({ revision, checksum }) => [revision, checksum]) },
    run: (options) => replayRevisions(options, { setup, seenAt: login.seenAt }, applied),
  });
  const heads = applied.filter(({ revision }) => current.includes(revision)).map(({ file }) => file);
  return {
    ...made,
    others: new Set(),
    head: heads.join(", "),
    pending: revisions.length - applied.length,
  };
}

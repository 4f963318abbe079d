import type { Plan } from "../../../components/core/statement";
import { LoginRefusedError, type Session } from "../../../components/io/session";
import { driftOf } from "./drift-item";
import type { DriftData } from "./render";

/** One own resource, and how to compare what it declares with a database. */
export interface DriftSource {
  /** Type and name as in a preview, such as `Access promptforge`. */
  readonly resource: string;
  /** Where it reads. */
  readonly database: string;
  plan(session: Session): Promise<Plan>;
}

/** Opens a database for a look that cannot change anything. */
export type Look = <Result>(database: string, look: (session: Session) => Promise<Result>) => Promise<Result>;

/**
 * Compares all sources with the server: one database after the other, so that there is never more than one session.
 * A database that takes no login is told as not seen; that it takes none is a difference of its own.
 */
export async function compareAll(
  sources: readonly DriftSource[],
  look: Look,
): Promise<Pick<DriftData, "drift" | "compared" | "unseen">> {
  const drift = [];
  const [compared, unseen] = [[] as string[], [] as { what: string; reason: string }[]];
  for (const database of new Set(sources.map((source) => source.database))) {
    const here = sources.filter((source) => source.database === database);
    try {
      const plans = await look(database, (session) => plansOf(here, session));
      drift.push(...plans.flatMap(({ resource, plan }) => driftOf(resource, plan)));
      compared.push(...here.map(({ resource }) => resource));
    } catch (error) {
      if (!(error instanceof LoginRefusedError) || compared.length === 0) throw error;
      unseen.push(...here.map(({ resource }) => ({ what: resource, reason: error.message })));
    }
  }
  return { drift, compared, unseen };
}

async function plansOf(
  sources: readonly DriftSource[],
  session: Session,
): Promise<{ resource: string; plan: Plan }[]> {
  const plans = [];
  for (const source of sources) plans.push({ resource: source.resource, plan: await source.plan(session) });
  return plans;
}

import type { Plan } from "../../../components/core/statement";
import { LoginRefusedError, type Session } from "../../../components/io/session";
import { driftOf, remarksOf, type DriftItem } from "./drift-item";
import type { DriftData } from "./render";

/** One own resource, and how to compare what it declares with a database. */
export interface DriftSource {
  /** Type and name as in a preview, such as `Access promptforge`. */
  readonly resource: string;
  /** Where it reads. */
  readonly database: string;
  /** A source in place of a plan goes on in another database, once this one's session is closed. */
  plan(session: Session): Promise<Plan | DriftSource>;
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
): Promise<Pick<DriftData, "drift" | "compared" | "unseen" | "remarks">> {
  const [drift, remarks] = [[] as DriftItem[], [] as DriftData["remarks"][number][]];
  const [compared, unseen] = [[] as string[], [] as { what: string; reason: string }[]];
  let hasLooked = false;
  for (let waiting = sources; waiting[0] !== undefined;) {
    const { database } = waiting[0];
    const here = waiting.filter((source) => source.database === database);
    waiting = waiting.filter((source) => source.database !== database);
    try {
      const { plans, further } = await look(database, (session) => plansOf(here, session));
      drift.push(...plans.flatMap(({ resource, plan }) => driftOf(resource, plan)));
      remarks.push(...plans.flatMap(({ plan }) => remarksOf(plan)));
      compared.push(...plans.map(({ resource }) => resource));
      waiting = [...waiting, ...further];
      hasLooked = true;
    } catch (error) {
      if (!(error instanceof LoginRefusedError) || !hasLooked) throw error;
      unseen.push(...here.map(({ resource }) => ({ what: resource, reason: error.message })));
    }
  }
  return { drift, compared, unseen, remarks };
}

interface Compared {
  readonly plans: readonly { readonly resource: string; readonly plan: Plan }[];
  readonly further: readonly DriftSource[];
}

async function plansOf(sources: readonly DriftSource[], session: Session): Promise<Compared> {
  const [plans, further] = [[] as { resource: string; plan: Plan }[], [] as DriftSource[]];
  for (const source of sources) {
    const answer = await source.plan(session);
    if ("statements" in answer) plans.push({ resource: source.resource, plan: answer });
    else further.push(answer);
  }
  return { plans, further };
}

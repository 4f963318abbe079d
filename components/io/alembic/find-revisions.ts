import type { AlembicSetup } from "../../core/migrations/alembic/application";
import type { RevisionState } from "../../core/migrations/alembic/decide-revisions";
import { decideTarget } from "../../core/migrations/alembic/decide-target";
import type { FoundRevisions } from "../../core/migrations/alembic/plan-alembic";
import type { HistoryPlace } from "../../core/migrations/history-layout";
import { nothingThere, usable } from "../migrations/find-migrations";
import { readHistoryPlace } from "../migrations/history";
import { LoginRefusedError, type Session } from "../session";
import type { Bridge } from "./bridge";
import type { BridgeLogin } from "./bridge-connection";
import { readJudgedRevisions } from "./judged-revisions";
import { lookWithAlembic, withAlembicFiles } from "./look";

/** Which revisions are asked about. */
export interface WantedRevisions {
  readonly setup: AlembicSetup;
  /** The application as people are told. */
  readonly shown: string;
  readonly target?: string;
  /** Login that keeps the history. */
  readonly migrator?: string;
}

/**
 * What a database has of an application's revisions, and what is to run.
 *
 * @param session of a login that sees the history's tables
 */
export async function findRevisions(
  wanted: WantedRevisions,
  login: BridgeLogin,
  session: Session,
): Promise<FoundRevisions> {
  const place = await readHistoryPlace(session, wanted.migrator);
  try {
    return await found(place, () =>
      lookWithAlembic({ ...login, setup: wanted.setup }, async ({ bridge, state }) => {
        const judged = await judgedOf(wanted, bridge, state);
        const isThere = judged.steps.length + judged.problems.length === 0 && isAtHeads(state);
        const { operations } = isThere ? await bridge.ask("check", {}) : { operations: [] };
        return { ...judged, models: operations };
      }),
    );
  } catch (error) {
    if (!(error instanceof LoginRefusedError)) throw error;
    const note = `${login.login.user} cannot log in yet, as whom the application's Alembic is asked: what is pending shows once it can, and runs then`;
    return { ...nothing(place), notes: [note] };
  }
}

/** The same of a database that is not there yet. */
export function findNewRevisions(wanted: WantedRevisions): Promise<FoundRevisions> {
  return found(nothingThere, () =>
    withAlembicFiles(wanted.setup, async (bridge) => {
      const state = { ...(await bridge.ask("describe", {})), current: [], records: [] };
      return { ...(await judgedOf(wanted, bridge, state)), models: [] };
    }),
  );
}

type Asked = Pick<FoundRevisions, "state" | "files" | "steps" | "problems" | "models">;

/** What is wrong with the application is told with everything else that is refused. */
async function found(place: HistoryPlace, ask: () => Promise<Asked>): Promise<FoundRevisions> {
  const asked = await usable(ask);
  return "steps" in asked ? { ...asked, place, notes: [] } : { ...nothing(place), problems: asked.problems };
}

async function judgedOf(
  { target, shown }: WantedRevisions,
  bridge: Bridge,
  state: RevisionState,
): Promise<Omit<Asked, "models">> {
  const decision = decideTarget(state, target);
  const judged = await readJudgedRevisions(bridge, decision, "up", state, shown);
  return { ...judged, state, problems: decision.problems };
}

function isAtHeads({ current, heads }: RevisionState): boolean {
  return current.length === heads.length && heads.every((head) => current.includes(head));
}

function nothing(place: HistoryPlace): FoundRevisions {
  return { place, files: { judged: [] }, steps: [], problems: [], models: [], notes: [] };
}

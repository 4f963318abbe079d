import type { EndingOutcome, EndingWay } from "../../../components/core/operations/ending";
import type { LockFacts, LockNode } from "../../../components/core/operations/locks";
import type { ServerSession } from "../../../components/core/operations/sessions";
import type { ConfirmArgs } from "./confirm";

export interface EndArgs extends ConfirmArgs {
  readonly force?: boolean;
}

export interface LocksArgs extends EndArgs {
  readonly queries?: boolean;
  readonly terminate?: number;
  readonly cancel?: number;
  /** The frame's own. */
  readonly watch?: number | boolean;
  readonly nagios?: boolean;
}

/** What was ended, and what came of it. */
export interface EndedSession {
  readonly way: EndingWay;
  readonly session: ServerSession;
  /** Pids of those that waited for it, through others as well. */
  readonly blocked: readonly number[];
  readonly outcome: EndingOutcome | "declined";
}

/** What `locks` found out; a schema of its JSON is made from this. */
export interface LocksData extends LockFacts {
  readonly place: string;
  /** The role that looked. */
  readonly role: string;
  /** Who waits for whom, from the ones that wait for nobody down. */
  readonly tree: readonly LockNode[];
  /** Null: nothing was to be ended. */
  readonly ended: EndedSession | null;
}

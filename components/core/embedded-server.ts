import type { Plan, Refusal } from "./statement";

/** What is declared of an embedded server. */
export interface DesiredEmbedded {
  readonly port: number;
  /** Whether the data may be made anew when it is gone. */
  readonly disposable: boolean;
  /** Whether a run may restart a running server. */
  readonly restart: "allow" | "refuse";
}

/** What is found on disk. */
export type EmbeddedStatus =
  | { readonly kind: "absent" }
  | { readonly kind: "stopped"; readonly major: number }
  | { readonly kind: "running"; readonly major: number; readonly port: number };

export type EmbeddedAction = "initialize" | "start" | "restart" | "rotate";

export interface EmbeddedPlan {
  readonly actions: readonly { readonly action: EmbeddedAction; readonly reason: string }[];
  readonly refusals: readonly Refusal[];
}

/** What brings an embedded server to run as declared. */
export function planEmbedded(
  desired: DesiredEmbedded,
  status: EmbeddedStatus,
  place: { readonly dataDirectory: string; readonly major: number; readonly isNew: boolean },
  options: { readonly newPassword?: boolean } = {},
): EmbeddedPlan {
  if (status.kind === "absent") return planAbsent(desired, place);
  if (status.major !== place.major) return { actions: [], refusals: [refuseMajor(status.major, place)] };
  const plan = planRunning(desired, status, place);
  if (options.newPassword !== true) return plan;
  const reason = "set with the old one and proven by a login, then stored";
  return { ...plan, actions: [...plan.actions, { action: "rotate", reason }] };
}

function planRunning(
  desired: DesiredEmbedded,
  status: Exclude<EmbeddedStatus, { kind: "absent" }>,
  place: { readonly isNew: boolean },
): EmbeddedPlan {
  if (status.kind === "stopped") {
    const reason = place.isNew ? "the data of an interrupted run is there" : "the server is not running";
    return { actions: [{ action: "start", reason }], refusals: [] };
  }
  if (status.port === desired.port) return { actions: [], refusals: [] };
  const reason = `it listens on port ${status.port}, declared is ${desired.port}; sessions are ended`;
  if (desired.restart === "allow") return { actions: [{ action: "restart", reason }], refusals: [] };
  const hint = 'allow it with pgstead:server.restart: "allow", or set the port back';
  return { actions: [], refusals: [{ subject: "restart of the server", message: reason, hint }] };
}

function planAbsent(
  desired: DesiredEmbedded,
  place: { readonly dataDirectory: string; readonly isNew: boolean },
): EmbeddedPlan {
  const actions: EmbeddedPlan["actions"] = [
    {
      action: "initialize",
      reason: place.isNew ? "a new server" : `its data directory ${place.dataDirectory} is gone`,
    },
    { action: "start", reason: "it is new" },
  ];
  if (place.isNew || desired.disposable) return { actions, refusals: [] };
  return {
    actions: [],
    refusals: [
      {
        subject: "data of the server",
        message: `its data directory ${place.dataDirectory} is gone, and the stack is not disposable`,
        hint: "put the directory back (mounted? restored from a backup?); to begin with an empty server, destroy the stack's state of it first",
      },
    ],
  };
}

function refuseMajor(
  found: number,
  place: { readonly dataDirectory: string; readonly major: number },
): Refusal {
  return {
    subject: "version of the server",
    message: `the data directory ${place.dataDirectory} is of PostgreSQL ${found}, the programs here are ${place.major}`,
    hint: `dump it with PostgreSQL ${found} and restore it, or move the directory away and begin with an empty server`,
  };
}

const actionText: Readonly<Record<EmbeddedAction, string>> = {
  initialize: "initialize the server (initdb)",
  start: "start the server",
  restart: "restart the server",
  rotate: "ALTER ROLE of the administrator PASSWORD '[verifier]'",
};

/** The plan as steps: what is done to the server is not SQL of a session. */
export function embeddedSteps({ actions, refusals }: EmbeddedPlan): Plan {
  const statements = actions.map(({ action, reason }) => {
    const risk = action === "restart" ? ("restart" as const) : ("none" as const);
    return { sql: actionText[action], reason, risk, kind: "server" as const, step: true as const };
  });
  return { statements, refusals };
}

/** Text of the plan, as a preview shows it. */
export function renderEmbeddedPlan(plan: EmbeddedPlan): string {
  const count = `${plan.actions.length} ${plan.actions.length === 1 ? "action" : "actions"}`;
  return [
    `plan: ${count}${plan.actions.some(({ action }) => action === "restart") ? ": 1 restart" : ""}`,
    ...plan.actions.map(({ action, reason }) => `  ${actionText[action]}  -- ${reason}`),
    ...plan.refusals.map(({ subject, message, hint }) => `  refused: ${subject}: ${message}; ${hint}`),
  ].join("\n");
}

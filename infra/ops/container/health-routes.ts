import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { HealthLook, HealthState } from "./health-look";
import type { Answer, Asked, Routes } from "./http";

export interface HealthRoutesSurroundings {
  readonly health: Pick<HealthLook, "state">;
  /** Opens the details; undefined: nobody may see them. */
  readonly token: string | undefined;
  /** Why the scheduler does not do its work; undefined: it does. */
  readonly whyNotLive: () => string | undefined;
}

/**
 * `/health`, `/health/live`, `/health/ready`, and `/health/details` for who has the token.
 *
 * What everybody is told is a word: figures, names and reasons are in the details. A token that comes with `/health` is
 * for its details as well, and a wrong one is refused rather than passed over.
 */
export function healthRoutes({ health, token, whyNotLive }: HealthRoutesSurroundings): Routes {
  const details = async ({ authorization }: Asked): Promise<Answer> =>
    isAllowed(authorization, token) ? describe(await health.state(), whyNotLive()) : notAllowed;
  return {
    "/health": async (asked) => {
      if (asked.authorization !== undefined) return details(asked);
      const { healthy } = await health.state();
      return word(healthy, healthy ? "healthy" : "unhealthy");
    },
    "/health/live": () => {
      const reason = whyNotLive();
      return { status: reason === undefined ? 200 : 503, text: `${reason ?? "the scheduler ticks"}\n` };
    },
    "/health/ready": async () => {
      const { ready } = await health.state();
      return word(ready, ready ? "ready" : "not ready");
    },
    "/health/details": details,
  };
}

/** The token in its file; undefined: there is none. @throws Error where it cannot be read */
export async function readToken(file: string): Promise<string | undefined> {
  const text = (await readFile(file, "utf8")).trim();
  // An empty one would be everybody's.
  return text === "" ? undefined : text;
}

function word(good: boolean, status: string): Answer {
  return json(good ? 200 : 503, { status });
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: "application/json", text: `${JSON.stringify(value)}\n` };
}

const notAllowed: Answer = {
  ...json(401, { status: "unauthorized" }),
  headers: { "www-authenticate": 'Bearer realm="pgstead"' },
};

/** Digests are of one length, and comparing them takes one time. */
function isAllowed(authorization: string | undefined, token: string | undefined): boolean {
  const given = /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  if (given === undefined || token === undefined) return false;
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function describe(state: HealthState, notLive: string | undefined): Answer {
  const { healthy, ready, reasons, probe, checks, unchecked } = state;
  return json(healthy ? 200 : 503, {
    status: healthy ? "healthy" : "unhealthy",
    ready,
    reasons,
    probe: { ...probe, at: moment(state.probedAt) },
    checks: checks ?? null,
    checkedAt: state.checkedAt === undefined ? null : moment(state.checkedAt),
    unchecked: unchecked ?? null,
    scheduler: { live: notLive === undefined, reason: notLive ?? null },
  });
}

function moment(ms: number): string {
  return new Date(ms).toISOString();
}

import type { Migration } from "../../core/migrations/migration";
import { withSession } from "../session";
import { changedContents, makeUpRows, readContents, type Contents } from "./rows";
import type { Scratch } from "./scratch";

/** What became of made-up rows while a migration went up and down again. */
export type RoundTrip =
  /** It has nothing to lose. */
  | { readonly kind: "no rows" }
  /** The up part does not take them, which need not be its fault. */
  | { readonly kind: "rows refused"; readonly why: string }
  | { readonly kind: "down failed"; readonly why: string }
  /** Tables whose rows are others now; none: all is as it was. */
  | { readonly kind: "done"; readonly changed: readonly string[] };

/** Writes rows, applies a migration, takes it back, and looks at the rows again. */
export async function roundTrip(scratch: Scratch, migration: Migration): Promise<RoundTrip> {
  const { administrator, database, engine } = scratch;
  const look = <Result>(use: Parameters<typeof withSession<Result>>[2]): Promise<Result> =>
    withSession(administrator, { database, applicationName: "pgstead scratch" }, use);
  const before = await look(async (session): Promise<Contents> => {
    await makeUpRows(session);
    return readContents(session);
  });
  if ([...before.values()].every((digest) => digest.startsWith("0 "))) return { kind: "no rows" };
  const run = async (direction: "up" | "down"): Promise<string | undefined> => {
    const { failure } = await engine.run(() => [{ migration, direction }]);
    return failure === undefined ? undefined : `${failure.path}: ${failure.message}`;
  };
  const refused = await run("up");
  if (refused !== undefined) return { kind: "rows refused", why: refused };
  const failed = await run("down");
  if (failed !== undefined) return { kind: "down failed", why: failed };
  return { kind: "done", changed: changedContents(before, await look(readContents)) };
}

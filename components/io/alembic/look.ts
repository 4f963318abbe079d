import type { AlembicSetup } from "../../core/migrations/alembic/application";
import type { RevisionState } from "../../core/migrations/alembic/decide-revisions";
import type { RevisionSql } from "../../core/migrations/alembic/offline-sql";
import { headsAfter, headsWithout, type AlembicRevision } from "../../core/migrations/alembic/revision";
import type { PartName } from "../../core/migrations/gate/judge";
import { withSession, type Session } from "../session";
import { openBridge, type Bridge } from "./bridge";
import { withBridgeConnection, withProof, type BridgeLogin } from "./bridge-connection";
import { readRecords } from "./records";

/** What a look at a database through the application's Alembic has. */
export interface AlembicLook {
  readonly bridge: Bridge;
  readonly state: RevisionState;
}

/** Looks at a database through the application's Alembic, which cannot change anything then. */
export function lookWithAlembic<Result>(
  options: BridgeLogin & { readonly setup: AlembicSetup },
  look: (found: AlembicLook) => Promise<Result>,
): Promise<Result> {
  const { login, database, setup } = options;
  const session = {
    database,
    asItself: true,
    readOnly: true,
    statementTimeoutMs: 10_000,
    applicationName: "pgstead ops",
  };
  return withSession(login, session, (open) =>
    withProof(open, (proof) =>
      withBridgeConnection(options, proof, "look", async (connection) => {
        const bridge = await openBridge(setup, connection);
        try {
          return await look({ bridge, state: await readRevisionState(bridge, open) });
        } finally {
          bridge.close();
        }
      }),
    ),
  );
}

/** Reads the files without any server. */
export async function withAlembicFiles<Result>(
  setup: AlembicSetup,
  work: (bridge: Bridge) => Promise<Result>,
): Promise<Result> {
  const bridge = await openBridge(setup, undefined);
  try {
    return await work(bridge);
  } finally {
    bridge.close();
  }
}

/** The files, what the database is at, and what the trail knows. */
export async function readRevisionState(bridge: Bridge, session: Session): Promise<RevisionState> {
  const { revisions, heads } = await bridge.ask("describe", {});
  const { heads: current } = await bridge.ask("current", {});
  return { revisions, heads, current, records: await readRecords(session) };
}

/**
 * The SQL of revisions that are to run one after the other.
 *
 * @param from heads that the database has before the first one
 */
export async function readRevisionSql(
  bridge: Bridge,
  revisions: readonly AlembicRevision[],
  direction: PartName,
  from: readonly string[],
): Promise<RevisionSql[]> {
  let heads = from;
  const read: RevisionSql[] = [];
  for (const revision of revisions) {
    const request = { revision: revision.revision, direction, from: heads };
    read.push({ revision, [direction]: await bridge.ask("sql", request) });
    heads = direction === "up" ? headsAfter(heads, revision) : headsWithout(heads, revision);
  }
  return read;
}

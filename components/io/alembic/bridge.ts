import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { OfflineSql, OfflineText } from "../../core/migrations/alembic/offline-sql";
import type { AlembicRevision } from "../../core/migrations/alembic/revision";
import type { HeldLock } from "../../core/migrations/effect";
import type { PartName } from "../../core/migrations/gate/judge";
import { projectRoot } from "../places";
import { startApplication, type ApplicationProcess } from "./application-process";
import { applicationError, endedError, type DescribedError } from "./bridge-failure";
import type { BridgeConnection } from "./bridge-connection";
import { renderApplication, type AlembicSetup } from "../../core/migrations/alembic/application";

/** What Alembic knows of its files. */
export interface DescribedFiles {
  /** Alembic's version. */
  readonly alembic: string;
  readonly revisions: readonly AlembicRevision[];
  readonly heads: readonly string[];
  /** Of everything in its files, and of SQLAlchemy's version: what may make revisions do something else. */
  readonly digest: string;
}

/** What `alembic check` found. */
export interface CheckAnswer {
  /** Operations that would bring the database to the models: `op.add_column('orders', …)`. */
  readonly operations: readonly string[];
  /** Why nothing was compared. */
  readonly skipped?: string;
}

/** Every request, with its answer. */
interface Requests {
  readonly describe: { readonly request: object; readonly answer: DescribedFiles };
  readonly current: {
    readonly request: object;
    readonly answer: {
      readonly heads: readonly string[];
      readonly table: string;
      readonly schema: string | null;
    };
  };
  readonly sql: {
    readonly request: {
      readonly revision: string;
      readonly direction: PartName;
      readonly from: readonly string[];
    };
    readonly answer: OfflineSql;
  };
  readonly migrate: {
    readonly request: {
      readonly revision: string;
      readonly direction: PartName;
      /** What may run; null: whatever the revision does. */
      readonly shown: readonly OfflineText[] | null;
      /** Tell which locks it holds before each commit. */
      readonly locks?: true;
    };
    readonly answer: object;
  };
  readonly stamp: { readonly request: { readonly revision: string }; readonly answer: object };
  readonly create: {
    readonly request: { readonly message: string };
    readonly answer: { readonly paths: readonly string[] };
  };
  readonly check: { readonly request: object; readonly answer: CheckAnswer };
}

/** What is told while a request is at work. */
export interface BridgeEvents {
  readonly onConnect?: (pid: number) => void;
  /** Before a commit: what is locked, and how long it has been. */
  readonly onLocks?: (locks: readonly HeldLock[]) => void;
}

/** The application's Alembic, at work. */
export interface Bridge {
  ask<Name extends keyof Requests>(
    name: Name,
    request: Requests[Name]["request"],
    events?: BridgeEvents,
  ): Promise<Requests[Name]["answer"]>;
  /** Ends it, whatever it does. */
  close(): void;
}

/** Lines of what the application printed that are kept for an error. */
const keptLines = 200;

/**
 * Starts the application's Python, and in it what speaks to its Alembic.
 *
 * @param connection undefined: no server is asked
 * @throws ProblemError where it cannot be started, or its Alembic cannot be read
 */
export async function openBridge(
  setup: AlembicSetup,
  connection: BridgeConnection | undefined,
): Promise<Bridge> {
  const { place, config, section, driver, variables } = setup;
  const program = await readFile(join(projectRoot(), "components", "io", "alembic", "bridge.py"), "utf8");
  const application = await startApplication(place, program);
  const told = { application: renderApplication(place), password: connection?.password ?? "" };
  const conversation = converse(application, told);
  try {
    await conversation.ask({
      config,
      section,
      driver: driver ?? null,
      variables,
      connection: connection ?? null,
    });
  } catch (error) {
    application.kill();
    throw error;
  }
  return {
    ask: (name, request, events) => conversation.ask({ do: name, ...request }, events),
    close: () => {
      application.kill();
    },
  };
}

interface Answer {
  readonly answer?: object;
  readonly error?: DescribedError;
  readonly event?: "connected" | "locks";
  readonly pid?: number;
  readonly locks?: readonly HeldLock[];
}

/** One question at a time. */
function converse(
  application: ApplicationProcess,
  named: { readonly application: string; readonly password: string },
): { ask: (request: object, events?: BridgeEvents) => Promise<object> } {
  const printed: string[] = [];
  createInterface({ input: application.stderr }).on("line", (line) => {
    printed.push(line);
    if (printed.length > keptLines) printed.shift();
  });
  let waiting: { resolve: (answer: object) => void; reject: (error: Error) => void } | undefined;
  let told: BridgeEvents = {};
  let ended: Error | undefined;
  const settle = (use: (asked: NonNullable<typeof waiting>) => void): void => {
    const asked = waiting;
    waiting = undefined;
    if (asked !== undefined) use(asked);
  };
  createInterface({ input: application.stdout })
    .on("line", (line) => {
      const { answer, error, event, pid, locks } = JSON.parse(line) as Answer;
      if (event === "connected" && pid !== undefined) told.onConnect?.(pid);
      else if (event === "locks") told.onLocks?.(locks ?? []);
      else if (error !== undefined)
        settle(({ reject }) => {
          reject(applicationError(error, printed, named));
        });
      else
        settle(({ resolve }) => {
          resolve(answer ?? {});
        });
    })
    .on("close", () => {
      // What it printed last may be on its way still.
      setImmediate(() => {
        ended = endedError(printed, named);
        settle(({ reject }) => {
          reject(ended ?? new Error("ended"));
        });
      });
    });
  return {
    ask(request, events = {}) {
      if (ended !== undefined) return Promise.reject(ended);
      told = events;
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        application.write(`${JSON.stringify(request)}\n`);
      });
    },
  };
}

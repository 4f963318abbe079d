import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decideRevisions,
  decideRevisionsBack,
  type RevisionDecision,
  type RevisionState,
} from "../../components/core/migrations/alembic/decide-revisions";
import type { ConnectionTarget, Tls } from "../../components/core/connection";
import { defaultLimits, type RunLimits } from "../../components/core/migrations/retry";
import type { AlembicSetup } from "../../components/core/migrations/alembic/application";
import type { BridgeLogin } from "../../components/io/alembic/bridge-connection";
import { runRevisions } from "../../components/io/alembic/engine";
import { lookWithAlembic } from "../../components/io/alembic/look";
import type { ApplicationPlace } from "../../components/core/migrations/alembic/application";
import { projectRoot } from "../../components/io/places";
import type { RunOutcome } from "../../components/io/migrations/engine";
import type { CheckAnswer } from "../../components/io/alembic/bridge";
import { planRevisions, type PlannedRevisions } from "../../infra/ops/migrate/alembic/plan-revisions";
import { applicationPackages, copyApplication, type Application } from "./alembic-application";
import type { AlembicProcess } from "./alembic-process";
import { migratedDatabase, type MigratedDatabase } from "./migrations";
import type { TestServer } from "./server";

/** A database that the Alembic of an application migrates. */
export interface Shop {
  readonly setup: AlembicSetup;
  readonly login: BridgeLogin;
  readonly said: readonly string[];
  plan(options?: PlanOptions): Promise<PlannedRevisions>;
  /** Plans and runs, without asking whether it may. */
  upgrade(options?: ShopRunOptions): Promise<RunOutcome>;
  check(): Promise<CheckAnswer>;
  trail(): Promise<Record<string, unknown>[]>;
}

/** With an application on this machine. */
export interface AlembicShop extends Shop {
  readonly database: MigratedDatabase;
  readonly application: Application;
  /** The same over TLS. */
  over(tls: Tls): Shop;
  remove(): Promise<void>;
}

interface PlanOptions {
  readonly down?: true;
  readonly setup?: Partial<AlembicSetup>;
}

export interface ShopRunOptions extends PlanOptions {
  readonly limits?: Partial<RunLimits>;
  readonly signal?: AbortSignal;
  readonly say?: (text: string) => void;
}

export async function alembicShop(server: TestServer): Promise<AlembicShop> {
  const directory = await mkdtemp(join(tmpdir(), "pgstead-alembic-"));
  const application = await copyApplication(join(directory, "shop"));
  const database = await migratedDatabase(server);
  const place: ApplicationPlace = {
    kind: "machine",
    python: ["python3"],
    directory: application.directory,
    environment: { PYTHONPATH: await applicationPackages() },
  };
  const watcher = { host: server.host, port: server.port, user: server.superuser, password: server.password };
  const shop = shopOf({ database, place, watcher, seenAt: {} });
  return {
    ...shop,
    database,
    application,
    over(tls) {
      const migrator = { ...database.migrator, tls };
      return shopOf({ database: { ...database, migrator }, place, watcher, seenAt: {} });
    },
    async remove() {
      await database.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What runs need, wherever the application is. */
export interface ShopPlace {
  readonly database: Pick<MigratedDatabase, "name" | "owner" | "migrator" | "query">;
  readonly place: ApplicationPlace;
  readonly watcher: ConnectionTarget;
  readonly seenAt: BridgeLogin["seenAt"];
}

export function shopOf({ database, place, watcher, seenAt }: ShopPlace): Shop {
  const said: string[] = [];
  const setup: AlembicSetup = {
    place,
    config: "alembic.ini",
    section: "alembic",
    variables: ["DATABASE_URL"],
  };
  const { name, owner, migrator } = database;
  const login: BridgeLogin = { database: name, owner, login: migrator, seenAt };
  const decisionOf =
    (down: true | undefined) =>
    (state: RevisionState): RevisionDecision =>
      down === true ? decideRevisionsBack(state, "base") : decideRevisions(state);
  const plan = ({ down, setup: other }: PlanOptions = {}): Promise<PlannedRevisions> =>
    planRevisions(
      { progress: (_label, work) => work },
      {
        login,
        setup: { ...setup, ...other },
        shown: "shop",
        database: { name, owner, administrator: watcher, login: migrator, migrator: migrator.user },
      },
      down === true ? "down" : "up",
      decisionOf(down),
    );
  return {
    setup,
    login,
    said,
    plan,
    async upgrade({ limits = {}, signal, say, ...planned } = {}) {
      const { steps } = await plan(planned);
      const waiting = {
        say: (text: string) => {
          said.push(text);
          say?.(text);
          return Promise.resolve();
        },
        signal: signal ?? new AbortController().signal,
      };
      const options = { ...login, setup: { ...setup, ...planned.setup }, watcher, waiting };
      return runRevisions({ ...options, limits: { ...defaultLimits, ...limits } }, (state) => {
        const now = decisionOf(planned.down)(state).steps.map(({ revision }) => revision);
        return steps.filter(({ migration }) => now.includes(migration.version));
      });
    },
    check: () => lookWithAlembic({ ...login, setup }, ({ bridge }) => bridge.ask("check", {})),
    trail: () =>
      database.query("SELECT action, outcome, version, note FROM pgstead.migration_trail ORDER BY id"),
  };
}

/** Starts a run as its own process, and kills it once something has happened. */
export async function killedRun(shop: Shop, happened: () => Promise<unknown>): Promise<void> {
  const { steps } = await shop.plan();
  const { login, setup } = shop;
  const given: AlembicProcess = { ...login, setup, watcher: login.login, steps };
  const child = spawn(
    process.execPath,
    ["infra/toolchain/run.cjs", "test/support/alembic-process.ts", JSON.stringify(given)],
    { cwd: projectRoot(), stdio: "ignore" },
  );
  const exit = once(child, "exit");
  await happened();
  child.kill("SIGKILL");
  await exit;
}

import type { GateFacts } from "../core/backup-gate/facts";
import type { LossGateArgs } from "../core/backup-gate/place";
import { gatePlan, toVerdict, type GateVerdict } from "../core/backup-gate/plan";
import type { Loss, Plan } from "../core/statement";
import { pgsteadVersion } from "../core/version";
import { holdsTables } from "../io/backup-gate/holds-tables";
import { readGateFacts } from "../io/backup-gate/read-facts";
import { databaseExists } from "../io/catalog/database";
import { defaultBackupDirectory } from "../io/places";
import type { Session } from "../io/session";
import type { OpenDatabase, Way } from "./planned";
import { isUnknown, revealMap, type PropertyMap } from "./properties";
import type { Scope } from "./access-scope";
import { waitingOf } from "./waiting-of";

/**
 * Has what a resource loses wait for a backup that counts, or takes one first, where its stack declares backups. In a
 * database that holds no table there is nothing to lose.
 */
export function gated(scope: Scope, inputs: PropertyMap): Scope {
  if (inputs.gate === undefined) return scope;
  const gate = revealMap(inputs.gate as PropertyMap) as unknown as LossGateArgs;
  const systemIdentifier = identifierOf(inputs);
  const saved = new Set<string>();
  const judge = async (plan: Plan): Promise<Plan> => {
    const verdicts = new Map<string, GateVerdict>();
    for (const database of databasesOf(plan.losses)) {
      // What this run has just taken is there, whatever else is asked of it.
      if (!saved.has(database)) verdicts.set(database, await judgeDatabase(gate, database, systemIdentifier));
    }
    return gatePlan(plan, verdicts);
  };
  return {
    ...scope,
    async plan(maintenance, open) {
      return judge(await withoutEmpty(await scope.plan(maintenance, open), maintenance, open));
    },
    planEmpty: async () => withLosses(await scope.planEmpty(), []),
    planUnread: async () => judge(await scope.planUnread()),
    async saveFirst(plan, way) {
      if (!gate.backupFirst) return;
      for (const database of databasesOf(plan.losses).filter((name) => !saved.has(name))) {
        await save(gate, database, way);
        saved.add(database);
      }
    },
  };
}

type Databases = readonly string[];

function databasesOf(losses: readonly Loss[] | undefined): Databases {
  return [...new Set(losses?.map(({ database }) => database))];
}

function withLosses({ losses: _losses, ...plan }: Plan, losses: readonly Loss[]): Plan {
  return losses.length === 0 ? plan : { ...plan, losses };
}

async function withoutEmpty(plan: Plan, maintenance: Session, open: OpenDatabase): Promise<Plan> {
  const full = new Set<string>();
  for (const database of databasesOf(plan.losses)) {
    const exists = await databaseExists(maintenance, database);
    if (exists && (await open(database, holdsTables))) full.add(database);
  }
  return withLosses(plan, plan.losses?.filter(({ database }) => full.has(database)) ?? []);
}

async function judgeDatabase(
  gate: LossGateArgs,
  database: string,
  systemIdentifier: string | undefined,
): Promise<GateVerdict> {
  const facts = await readFacts(gate, database);
  return toVerdict(gate, facts, { database, systemIdentifier, now: Date.now() });
}

async function readFacts({ place, stack }: LossGateArgs, database: string): Promise<GateFacts> {
  if (place.kind !== "directory") {
    // What speaks to an engine, or to a host, is loaded where there is one.
    const { askGateFacts } = await import("../io/backup-gate/ask-operations.js");
    return askGateFacts(place, database);
  }
  return readGateFacts(directoryOf(place, stack), database);
}

type Directory = Extract<LossGateArgs["place"], { kind: "directory" }>;

function directoryOf({ directory, checkout, project }: Directory, stack: string): string {
  return directory ?? defaultBackupDirectory(checkout, project, stack);
}

/** Takes the backup, and says so. Where it fails the run ends before anything is lost. */
async function save(gate: LossGateArgs, database: string, way: Way): Promise<void> {
  const waiting = waitingOf(way.request);
  await waiting.say(`taking a backup of ${database}, which is about to lose data`);
  const name = await take(gate, database, way);
  await waiting.say(`took ${name} and verified it`);
}

/** @returns its name */
async function take(
  { place, stack, backups }: LossGateArgs,
  database: string,
  { connection, request }: Way,
): Promise<string> {
  const waiting = waitingOf(request);
  if (place.kind !== "directory") {
    const { askForBackup } = await import("../io/backup-gate/ask-operations.js");
    return askForBackup(place, database, waiting);
  }
  const { takeFirst } = await import("../io/backup-gate/take-first.js");
  const { systemIdentifier: _, ...login } = connection;
  const repository = directoryOf(place, stack);
  const wanted = { repository, database, login, stack, version: pgsteadVersion, plan: backups };
  return (await takeFirst(wanted, waiting)).name;
}

function identifierOf(inputs: PropertyMap): string | undefined {
  const { systemIdentifier } = revealMap((inputs.connection ?? {}) as PropertyMap);
  return typeof systemIdentifier === "string" && !isUnknown(systemIdentifier) ? systemIdentifier : undefined;
}

import type { GateFacts } from "../../../components/core/backup-gate/facts";
import { refuseLoss, toVerdict, type GateVerdict } from "../../../components/core/backup-gate/plan";
import { jobPlaces } from "../../../components/core/host/jobs/places";
import type { Finding } from "../../../components/core/finding";
import type { AllowedLosses } from "../../../components/core/migrations/refuse-run";
import { ProblemError } from "../../../components/core/problem";
import type { Loss } from "../../../components/core/statement";
import type { OperationsPlace } from "../../../components/io/backup-gate/ask-operations";
import { holdsTables } from "../../../components/io/backup-gate/holds-tables";
import { readGateFacts } from "../../../components/io/backup-gate/read-facts";
import { takeFirst } from "../../../components/io/backup-gate/take-first";
import { readSystemIdentifier } from "../../../components/io/identity";
import type { StackConfig } from "../../config";
import type { CommandContext } from "../command";
import { untilInterrupted } from "../interrupt";
import { lookInto } from "../sessions";
import { localPlace, stackName } from "./place";
import { toFindings } from "./take";

/** What the losses of a run wait for. */
export interface LossGate {
  /** What keeps it from running. */
  readonly refused: readonly Finding[];
  /** What people should know before they say yes. */
  readonly told: readonly string[];
  /** Takes the backup that is to be there first, if one is; findings: it failed, and nothing may be lost. */
  readonly saveFirst: () => Promise<readonly Finding[]>;
}

const open: LossGate = { refused: [], told: [], saveFirst: () => Promise.resolve([]) };

/**
 * Asks for a backup that counts before a run of a database loses anything, where the stack declares backups.
 *
 * @param alone how it runs without a backup; default: the entry of the configuration
 */
export async function gateLosses(
  context: CommandContext,
  database: string,
  losses: readonly Loss[],
  alone?: string,
): Promise<LossGate> {
  if (losses.length === 0 || context.config.backup.gate === undefined) return open;
  const verdict = await judgeDatabase(context, database);
  if (verdict === undefined) return open;
  return {
    refused: losses.flatMap((loss) => refuseLoss(loss, verdict, alone)),
    told: verdict.kind === "counts" ? [`what is lost is in a backup: ${verdict.told}`] : [],
    saveFirst: verdict.kind === "first" ? () => save(context, database) : open.saveFirst,
  };
}

/** What a stack lets go, and whether backups let through more. */
export function allowedLosses({
  allowDataLoss,
  backup,
}: StackConfig): Pick<AllowedLosses, "allowDataLoss" | "gated"> {
  return { allowDataLoss, gated: backup.gate !== undefined };
}

/** Undefined: nothing is asked for, or the database holds nothing that could be lost. */
export async function judgeDatabase(
  context: CommandContext,
  database: string,
): Promise<GateVerdict | undefined> {
  const { gate } = context.config.backup;
  if (gate === undefined) return undefined;
  const { administrator } = await context.outputs();
  const found = await lookInto(administrator, database, async (session) => ({
    holds: await holdsTables(session),
    // Services may keep it to themselves.
    systemIdentifier: await readSystemIdentifier(session).catch(() => undefined),
  }));
  if (!found.holds) return undefined;
  const { systemIdentifier } = found;
  return toVerdict(gate, await readFacts(context, database), { database, systemIdentifier, now: Date.now() });
}

async function readFacts(context: CommandContext, database: string): Promise<GateFacts> {
  const elsewhere = operationsOf(context);
  if (elsewhere === undefined) return readGateFacts(localPlace(context).repository, database);
  const { askGateFacts } = await import("../../../components/io/backup-gate/ask-operations.js");
  return askGateFacts(elsewhere, database);
}

/** Where the backups are, if not here: in a container, or on the server's host. */
function operationsOf({ config, project, stack }: CommandContext): OperationsPlace | undefined {
  const { docker, hostJobs } = config;
  if (docker !== undefined) return { container: `${docker.name}-ops`, engine: docker.engine };
  if (hostJobs === undefined) return undefined;
  return { host: hostJobs.host, command: jobPlaces(project, stackName(stack)).command };
}

async function save(context: CommandContext, database: string): Promise<readonly Finding[]> {
  const elsewhere = operationsOf(context);
  try {
    return await untilInterrupted(context.write, async (waiting) => {
      const { signal } = waiting;
      if (elsewhere === undefined) {
        const { repository, stack, version, plan, login } = localPlace(context);
        const of = {
          repository,
          database,
          version,
          plan,
          stack: stackName(stack),
          login: await login(database),
        };
        await context.progress(`taking a backup of ${database}`, takeFirst(of, waiting));
        return [];
      }
      const { askForBackup } = await import("../../../components/io/backup-gate/ask-operations.js");
      await context.progress(`taking a backup of ${database}`, askForBackup(elsewhere, database, { signal }));
      return [];
    });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return toFindings(database, error);
  }
}

import { ProblemError, type Problem } from "../components/core/problem";
import { checkTargetKeys } from "./config/check-target";
import { checkAudit } from "./config/check-audit";
import { checkBackup } from "./config/check-backup";
import { checkDatabase } from "./config/check-database";
import { checkDocker } from "./config/check-docker";
import { checkGate } from "./config/check-gate";
import { checkDrill } from "./config/check-drill";
import { checkHostFiles } from "./config/check-host-files";
import { checkHba } from "./config/check-hba";
import { checkGrants } from "./config/check-grants";
import { checkMasking } from "./config/check-masking";
import { checkMigrations, checkSharedDirectories } from "./config/check-migrations";
import { checkRoles, checkSchemaRoles, checkSharedNames } from "./config/check-roles";
import { checkSecurity } from "./config/check-security";
import { checkServer } from "./config/check-server";
import { checkTuning, resolveTuningConfig } from "./config/check-tuning";
import { checkTurns } from "./config/check-turns";
import type { Draft } from "./config/draft";
import { readInput } from "./config/input";
import { resolveBackup } from "./config/resolve-backup";
import { resolveDatabases, resolveServer } from "./config/resolve";
import { withHostFiles } from "./config/resolve-host-files";
import { resolveHostJobs } from "./config/resolve-host-jobs";
import { resolveDocker } from "./config/resolve-docker";
import { checkThresholds, resolveThresholds } from "./config/resolve-thresholds";
import { withTurns } from "./config/resolve-turns";
import type { WrittenConfig } from "./config/schema";
import { shapeConfig } from "./config/shape";
import type { StackConfig } from "./config/stack-config";

export type {
  DatabaseConfig,
  ExtensionConfig,
  MigrationsConfig,
  RoleConfig,
  ServerConfig,
  StackConfig,
  Target,
} from "./config/stack-config";

/**
 * The configuration of a stack from what Pulumi holds: complete and checked, or all mistakes at once.
 *
 * @param raw every key of the stack with its namespace; maps and lists as values or as JSON text, as the engine hands
 * them to a program; keys of other namespaces are not looked at
 * @throws ProblemError with every problem
 */
export function parseConfig(
  raw: Readonly<Record<string, unknown>>,
  context: { readonly stack: string },
): StackConfig {
  const input = readInput(raw);
  const { config, problems: shapeProblems } = shapeConfig(input.values);
  const { drafts, problems: formProblems } = resolveDatabases(config, new Set(Object.keys(input.values)));
  const problems = [
    ...input.problems,
    ...shapeProblems,
    ...formProblems,
    ...checkServer(config, drafts),
    ...checkTargetKeys(config, input.values),
    ...checkDocker(config, input.values),
    ...checkHba(config, input.values, drafts),
    ...checkHostFiles(config),
    ...checkTuning(config, drafts),
    ...checkBackup(config),
    ...checkSecurity(config),
    ...checkGate(config),
    ...checkThresholds(config),
    ...checkDrill(config, namesOf(drafts)),
    ...drafts.flatMap((draft) => checkDraft(draft, drafts, config)),
    ...checkSharedNames(drafts),
    ...checkTurns(drafts, config.server.administrator.name),
    ...checkSharedDirectories(drafts),
  ];
  if (problems.length > 0) {
    throw new ProblemError(`the configuration of stack ${context.stack} is not usable`, problems);
  }
  return {
    stack: context.stack,
    ...{ target: config.target, disposable: config.disposable, scratch: config.scratch },
    protect: config.protect ?? !config.disposable,
    allowDataLoss: config.allowDataLoss,
    server: resolveServer(config),
    ...(config.target === "docker" ? { docker: resolveDocker(config, context.stack) } : {}),
    ...withHostFiles(config, resolveTuningConfig(config, drafts), context.stack),
    ...resolveHostJobs(config),
    backup: resolveBackup(config, namesOf(drafts)),
    thresholds: resolveThresholds(config),
    samples: config.monitoring.samples ?? config.target === "docker",
    drift: {
      ignore: config.drift.ignore.map(({ kind, name }) => (kind === undefined ? { name } : { kind, name })),
    },
    security: config.security,
    several: "databases" in input.values,
    databases: drafts.map((draft) => withTurns(draft.config)),
  };
}

const namesOf = (drafts: readonly Draft[]): string[] => drafts.map(({ config }) => config.name);

/** All that can be wrong with one database. */
function checkDraft(draft: Draft, drafts: readonly Draft[], { target, server }: WrittenConfig): Problem[] {
  const administrator = server.administrator.name;
  return [
    ...checkDatabase(draft, drafts, { target, administrator }),
    ...checkAudit(draft, target),
    ...checkGrants(draft),
    ...checkMasking(draft),
    ...checkMigrations(draft),
    ...checkRoles(draft, administrator),
    ...checkSchemaRoles(draft, target),
  ];
}

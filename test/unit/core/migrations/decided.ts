import {
  decideDowngrade,
  decideUpgrade,
  type Decision,
  type MigrationStep,
} from "../../../../components/core/migrations/decide";
import type { AppliedMigration, MigrationHistory } from "../../../../components/core/migrations/history";
import type { Migration } from "../../../../components/core/migrations/migration";

export const directory = "sql/migrations";
export const digest = (text: string): string => `digest of ${text}`;

interface Given {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

const template: Omit<Migration, "version" | "name" | "checksum" | "file" | "path"> = {
  kind: "number",
  notes: { why: "", data: "", rollback: "", performance: "" },
  transactional: true,
  upLines: { first: 1, last: 1 },
  up: [],
  down: [],
};

/** A migration without a file: what is decided looks at names and checksums. */
export function migration({ number, name, checksum }: Given): Migration {
  const version = String(number).padStart(4, "0");
  return {
    ...template,
    version,
    name,
    checksum,
    file: `${version}-${name}.sql`,
    path: `${directory}/${version}-${name}.sql`,
  };
}

export function row({ version, name, checksum }: Migration): AppliedMigration {
  const appliedAt = "2026-03-14T15:09:26.000Z";
  return {
    version,
    name,
    checksum,
    transactional: true,
    origin: "applied",
    appliedAt,
    appliedBy: "m",
    durationMs: 1,
  };
}

export function files(count: number): Migration[] {
  return Array.from({ length: count }, (_, index) =>
    migration({ number: 10 * (index + 1), name: `n-${index + 1}`, checksum: `c${index + 1}` }),
  );
}

export const historyOf = (applied: readonly Migration[]): MigrationHistory => ({ applied: applied.map(row) });
export const upgrade = (migrations: readonly Migration[], history: MigrationHistory, to?: string): Decision =>
  decideUpgrade({ migrations, history, directory, digest }, to);
export const downgrade = (
  migrations: readonly Migration[],
  history: MigrationHistory,
  target: Parameters<typeof decideDowngrade>[1],
): Decision => decideDowngrade({ migrations, history, directory, digest }, target);
export const named = ({ steps }: Decision): string[] =>
  steps.map(({ direction, migration: { version } }) => `${direction} ${version}`);
export const told = ({ problems }: Decision): string[] =>
  problems.map(({ path, message }) => `${path.replace(`${directory}/`, "")}: ${message}`);

/** What a history is once steps have run. */
export function after(history: MigrationHistory, steps: readonly MigrationStep[]): MigrationHistory {
  return steps.reduce<MigrationHistory>(({ applied }, { migration: one, direction }) => {
    return { applied: direction === "up" ? [...applied, row(one)] : applied.slice(0, -1) };
  }, history);
}

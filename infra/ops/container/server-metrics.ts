import { Counter, Gauge, type Registry } from "prom-client";
import type { HealthStatus } from "../../../components/core/operations/health-check";
import type { HealthLook, HealthState } from "./health-look";
import type { DatabaseState } from "./server-look";

/** What is asked of the server for `/metrics`; both come in time, or fail. */
export interface ServerSources {
  readonly health: Pick<HealthLook, "state" | "probes">;
  readonly databases: () => Promise<readonly DatabaseState[]>;
}

/**
 * What Prometheus is told of the server itself. While it does not answer there is `pgstead_server_reachable 0`, and no
 * sample of what only it knows.
 */
export function measureServer({ health, databases }: ServerSources, registers: Registry[]): void {
  measureProbe(health, registers);
  measureChecks(health, registers);
  measureDatabases(databases, registers);
}

interface ServerFigure {
  readonly name: string;
  readonly help: string;
  readonly pick: (state: HealthState) => number | undefined;
}

const serverFigures: readonly ServerFigure[] = [
  {
    name: "health_status",
    help: "Whether `/health` answers 200: 1, or 0",
    pick: ({ healthy }) => Number(healthy),
  },
  {
    name: "server_reachable",
    help: "Whether the server took a login: 1, or 0",
    pick: ({ probe }) => Number(probe.reachable),
  },
  {
    name: "server_writable",
    help: "Whether the server committed a write, with room for the next ones: 1, or 0",
    pick: ({ probe }) => Number(probe.writable),
  },
  {
    name: "server_in_recovery",
    help: "Whether the server is in recovery: 1, or 0",
    pick: ({ probe }) => (probe.inRecovery === null ? undefined : Number(probe.inRecovery)),
  },
  {
    name: "health_probe_duration_seconds",
    help: "How long the last login, read and write took",
    pick: ({ probe }) => probe.seconds,
  },
  {
    name: "health_probe_timestamp_seconds",
    help: "When the last login, read and write ended",
    pick: ({ probedAt }) => probedAt / 1_000,
  },
  {
    name: "settings_pending_restart",
    help: "Settings whose new value waits for a restart of the server",
    pick: ({ facts }) => facts?.pendingRestart.length,
  },
];

function measureProbe({ state, probes }: ServerSources["health"], registers: Registry[]): void {
  for (const { name, help, pick } of serverFigures) {
    new Gauge({
      name: `pgstead_${name}`,
      help,
      registers,
      async collect() {
        const value = pick(await state());
        this.remove();
        if (value !== undefined) this.set(value);
      },
    });
  }
  new Counter({
    name: "pgstead_health_probes_total",
    help: "Logins that were made to see whether the server reads and writes",
    registers,
    collect() {
      this.reset();
      this.inc(probes());
    },
  });
}

/** As values of a metric. */
const levels: Readonly<Record<HealthStatus, number>> = { ok: 0, warning: 1, critical: 2 };

function measureChecks({ state }: ServerSources["health"], registers: Registry[]): void {
  new Gauge({
    name: "pgstead_health_check_status",
    help: "What is to be thought of a part of the server: 0 is well, 1 a warning, 2 critical",
    labelNames: ["check"],
    registers,
    async collect() {
      const { checks = [] } = await state();
      this.reset();
      for (const { name, status } of checks) this.set({ check: name }, levels[status]);
    },
  });
}

interface DatabaseFigure {
  readonly name: string;
  readonly help: string;
  readonly pick: (database: DatabaseState) => number | null | undefined;
}

const databaseFigures: readonly DatabaseFigure[] = [
  {
    name: "migrations_applied",
    help: "Migrations that a database has",
    pick: ({ migrations }) => migrations?.applied,
  },
  {
    name: "migrations_failed",
    help: "Migrations of a database that stopped half-way, or failed when one was last tried: 1, or 0",
    pick: ({ migrations }) => migrations && Number(migrations.unfinished || migrations.failed),
  },
  {
    name: "migration_last_applied_timestamp_seconds",
    help: "When a migration of a database was last applied",
    pick: ({ migrations }) => migrations?.lastAppliedAt,
  },
  {
    name: "audit_partitions",
    help: "Partitions of a database's trail",
    pick: ({ trail }) => trail?.partitions,
  },
  {
    name: "audit_months_ahead",
    help: "Months after the current one that have a partition of a database's trail",
    pick: ({ trail }) => trail?.monthsAhead,
  },
  {
    name: "audit_bytes",
    help: "Size of a database's trail",
    pick: ({ trail }) => trail?.sizeBytes,
  },
];

function measureDatabases(read: ServerSources["databases"], registers: Registry[]): void {
  for (const { name, help, pick } of databaseFigures) {
    new Gauge({
      name: `pgstead_${name}`,
      help,
      labelNames: ["database"],
      registers,
      async collect() {
        const found = await read().catch(() => []); // not known: no sample
        this.reset();
        for (const state of found) {
          const value = pick(state);
          if (value !== null && value !== undefined) this.set({ database: state.database }, value);
        }
      },
    });
  }
}

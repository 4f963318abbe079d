import { exporter, type AlertProof, type AlertProofs, type Samples } from "./proof";

const shop = `${exporter}, datname="shop"`;
const orders = `${shop}, schemaname="app", relname="orders"`;
const xids = `pg_database_wraparound_age_datfrozenxid_seconds{${shop}}`;
const multixacts = `pg_database_wraparound_age_datminmxid_seconds{${shop}}`;

function older(
  series: string,
  severity: AlertProof["severity"],
  [age, limit, summary]: readonly [age: number, limit: number, summary: string],
): AlertProof {
  return {
    severity,
    fires: { given: { [series]: `${age}x20` }, at: "6m", told: { [shop]: summary } },
    quiet: { given: { [series]: `${limit - 1}x20` }, at: "6m" },
  };
}

function rows(counts: Readonly<Record<string, number>>): Samples {
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [
      `pg_stat_user_tables_n_${name}{${orders}}`,
      `${count}x120`,
    ]),
  );
}

const refusesWrites = "transactions old: PostgreSQL takes no more writes at 2.1G";
const refusesLocks = "multixacts old: PostgreSQL takes no more row locks at 2.1G";

export const tableProofs: AlertProofs = {
  XidWraparoundNear: older(xids, "warning", [1.2e9, 1e9, `the oldest row of shop is 1.2G ${refusesWrites}`]),
  XidWraparoundImminent: older(xids, "critical", [
    1.7e9,
    1.6e9,
    `the oldest row of shop is 1.7G ${refusesWrites}`,
  ]),
  MultixactWraparoundNear: older(multixacts, "warning", [
    1.2e9,
    1e9,
    `the oldest multixact of shop is 1.2G ${refusesLocks}`,
  ]),
  MultixactWraparoundImminent: older(multixacts, "critical", [
    1.7e9,
    1.6e9,
    `the oldest multixact of shop is 1.7G ${refusesLocks}`,
  ]),
  FreezeBehind: {
    severity: "warning",
    fires: {
      given: {
        [xids]: "260000000x120",
        [`pg_settings_autovacuum_freeze_max_age{${exporter}, server="server:5432"}`]: "200000000x120",
      },
      at: "70m",
      told: {
        [shop]:
          "the oldest row of shop is 260M transactions old, a quarter beyond autovacuum_freeze_max_age: the vacuum that freezes it does not get through",
      },
    },
    quiet: {
      given: {
        [xids]: "250000000x120",
        [`pg_settings_autovacuum_freeze_max_age{${exporter}, server="server:5432"}`]: "200000000x120",
      },
      at: "70m",
    },
  },
  DeadRowsMany: {
    severity: "warning",
    fires: {
      given: rows({ dead_tup: 400_000, live_tup: 600_000 }),
      at: "70m",
      told: {
        [orders]:
          "40% of the rows of shop.app.orders are dead, and autovacuum has not removed them for an hour",
      },
    },
    quiet: { given: rows({ dead_tup: 100_000, live_tup: 1_000 }), at: "70m" },
    also: [{ given: rows({ dead_tup: 300_000, live_tup: 700_000 }), at: "70m" }],
  },
  StatisticsStale: {
    severity: "warning",
    fires: {
      given: rows({ mod_since_analyze: 60_000, live_tup: 100_000 }),
      at: "70m",
      told: {
        [orders]:
          "60% of the rows of shop.app.orders have changed since it was analyzed: plans are made for what it was",
      },
    },
    quiet: { given: rows({ mod_since_analyze: 10_000, live_tup: 10_000 }), at: "70m" },
    also: [{ given: rows({ mod_since_analyze: 50_000, live_tup: 100_000 }), at: "70m" }],
  },
};

import { expect, test } from "vitest";
import type { Session } from "../../components/io/session";
import { database, role, serverAccess, startOwnProvider, useOwnProvider } from "../support/own-provider";
import { ProviderStack } from "../support/provider-stack";
import { logEverything, readLog } from "../support/server-log";

const own = useOwnProvider();
/** Enough to have met others on the same rows; a machine where that takes more is not tested by this. */
const mostRounds = 200;
const enoughCollisions = 3;

/** Two states of a stack that differ in memberships, privileges, settings and attributes. */
function declare(name: string, even: boolean) {
  const memberOf = (group: string) => [{ role: group, admin: even, inherit: true, set: false }];
  const reader = `${name}_app_reader`;
  return serverAccess(own.connection, {
    roles: [
      role(`${name}_owner`, { database: name }),
      role(`${name}_app`, {
        database: name,
        connectionLimit: even ? 5 : 6,
        memberOf: memberOf(even ? reader : "shared"),
        settings: even ? { work_mem: "8MB" } : {},
      }),
    ],
    databases: [
      database(name, `${name}_owner`, {
        connect: even ? [`${name}_app`] : [],
        temporary: [reader],
        settings: even ? {} : { work_mem: "9MB" },
      }),
    ],
    groups: [{ name: reader, database: name, schema: "app", profile: "reader" }],
  });
}

/** Others that work on the same rows of the catalogue, as fast as they can. */
async function noise(session: Session, statements: readonly string[], isOver: () => boolean) {
  await session.query("SET application_name = 'noise'");
  while (!isOver()) {
    // It may run into us as well: that is its own affair.
    for (const statement of statements) await session.query(statement).catch(() => undefined);
  }
}

/** How often a statement of ours met another one on the same row. */
async function collisions(): Promise<number> {
  const lines = (await readLog(own.server)).split("\n");
  return lines.filter((line) => line.startsWith("pgstead ERROR:  tuple concurrently")).length;
}

test("two stacks and others' GRANTs on one server at once: no run fails, and each ends as declared", async () => {
  await own.sql("ALTER SYSTEM SET log_line_prefix = '%a '");
  await logEverything(own.server);
  await own.sql("CREATE ROLE shared; CREATE ROLE noise_one; CREATE ROLE noise_two");
  const second = await startOwnProvider();
  const stacks = [
    { name: "one", stack: own.stack },
    { name: "two", stack: new ProviderStack(second) },
  ];
  for (const { name, stack } of stacks) await stack.up(declare(name, true));
  let isOver = false;
  const sessions = await Promise.all([own.server.connect(), own.server.connect(), own.server.connect()]);
  const around = (name: string, by: string) => [
    `GRANT CONNECT ON DATABASE ${name} TO ${by}`,
    `REVOKE CONNECT ON DATABASE ${name} FROM ${by}`,
    `GRANT ${name}_app_reader TO ${by}`,
    `GRANT shared TO ${by} WITH ADMIN OPTION`,
    `REVOKE ${name}_app_reader FROM ${by}`,
    `REVOKE shared FROM ${by}`,
  ];
  const others = sessions.map((session, index) =>
    noise(
      session,
      [
        ...around("one", index === 1 ? "noise_two" : "noise_one"),
        ...around("two", index === 0 ? "noise_one" : "noise_two"),
      ],
      () => isOver,
    ),
  );
  try {
    await Promise.all(
      stacks.map(async ({ name, stack }) => {
        for (let round = 1; round <= mostRounds && (await collisions()) < enoughCollisions; round += 1) {
          await stack.up(declare(name, false));
          await stack.up(declare(name, true));
        }
      }),
    );
  } finally {
    isOver = true;
  }
  await Promise.all(others);
  await Promise.all(sessions.map((session) => session.close()));
  for (const { name, stack } of stacks) {
    expect(await stack.diff(declare(name, true))).toMatchObject({ changed: false });
  }
  await second.stop();
  expect(await collisions()).toBeGreaterThanOrEqual(enoughCollisions);
}, 120_000);

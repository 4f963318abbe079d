import type Docker from "dockerode";
import { execIn } from "../../../components/io/docker/container";
import type { MomentData } from "../../../infra/ops/restore/point-in-time-place";
import { makeDockerStack, type DockerStackUnderTest } from "../../support/docker-stack";
import type { Figures } from "../figures";
import { say } from "../progress";
import { makeContent, type ContentSize } from "./content";
import { guides, ours } from "./logical";
import { Stopwatch } from "./stopwatch";

export const physicalSteps = {
  backup: "target docker: backup",
  restore: "target docker: restore",
  beside: "target docker: restore beside the server, counted and shown",
} as const;

const hourMs = 3_600_000;

/** In the container of operations: there are the client programs, and room for a dump. */
const dump = "/var/lib/pgbackrest/bench.sql.gz";
const login = "--host=/var/run/postgresql --username=postgres";

/** Of a stack in containers, by pgBackRest and by `pg_dump | gzip` with a replay, in turns and in the same containers. */
export async function measurePhysical(
  docker: Docker,
  size: ContentSize,
  runs: number,
): Promise<readonly Figures[]> {
  say("physical backups: bringing up a stack in containers");
  const changes = [
    [["pgstead:backup"], { physical: {}, logical: {} }],
    [["pgstead:server", "memory"], "2GB"],
  ] as const;
  const under = await makeDockerStack(changes, { docker });
  const watch = new Stopwatch();
  try {
    await under.up();
    say("physical backups: making a database");
    await fill(under, size);
    for (let run = 1; run <= runs; run += 1) {
      say(`physical backups: run ${run} of ${runs}`);
      await measureOnce(under, watch);
    }
  } finally {
    await under.remove();
  }
  return watch.figures();
}

async function fill(under: DockerStackUnderTest, size: ContentSize): Promise<void> {
  const session = await under.connect();
  try {
    await session.query("SET statement_timeout = 0");
    await makeContent(session, size);
  } finally {
    await session.close();
  }
}

async function measureOnce(under: DockerStackUnderTest, watch: Stopwatch): Promise<void> {
  const inOps = (lines: string): Promise<void> => run(under, lines);
  const pipe = `set -o pipefail; pg_dump ${login} postgres | gzip >${dump}`;
  await watch.time(physicalSteps.backup, guides, inOps(pipe));
  await watch.time(physicalSteps.backup, ours, inOps("node /usr/lib/pgstead/ops.cjs run physical-full"));
  await inOps(`psql ${login} --command='CREATE DATABASE guides' postgres`);
  const replay = `set -o pipefail; gunzip -c ${dump} | psql ${login} -q -v ON_ERROR_STOP=1 guides >/dev/null`;
  await watch.time(physicalSteps.restore, guides, inOps(replay));
  await inOps(`psql ${login} --command='DROP DATABASE guides' postgres; rm ${dump}`);
  await inOps("node /usr/lib/pgstead/ops.cjs run physical-full");
  const shown = under.ops(["restore", "--to", "latest", "--json"]);
  const { stdout } = await watch.time(physicalSteps.beside, ours, shown);
  const { data } = JSON.parse(stdout) as { data: MomentData };
  watch.add(physicalSteps.restore, ours, data.restoreSeconds ?? NaN);
}

async function run({ docker, name }: DockerStackUnderTest, lines: string): Promise<void> {
  const options = { timeoutMs: hourMs };
  const { exitCode, stdout, stderr } = await execIn(docker, `${name}-ops`, ["bash", "-c", lines], options);
  if (exitCode !== 0) throw new Error(`${lines} ended with ${exitCode}: ${stderr}${stdout}`);
}

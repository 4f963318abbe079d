import type Docker from "dockerode";
import { ProblemError } from "../../../components/core/problem";
import { stopContainer } from "../../../components/io/docker/container";
import { connectDocker } from "../../../components/io/docker/engine";
import { engineFailure } from "../../../components/io/docker/failure";
import type { Subject } from "../engine";
import { compare, medianOf, ratio, type Comparison, type Figures } from "../figures";
import { say } from "../progress";
import { makeEmpty } from "../subjects";
import { countAlike, measureFresh, measureTurns, steadyCommands, up } from "../turns";
import type { PgbenchResult } from "./pgbench";
import { keepImages, makeInstantProd, makeProd } from "./prod-stack";
import { measureSettings, type SettingsResult } from "./settings";

export interface DockerMeasured {
  readonly resources: Readonly<Record<string, number>>;
  readonly figures: readonly Figures[];
  readonly comparisons: readonly Comparison[];
  readonly pgbench: SettingsResult;
}

const freshUp = "up from nothing, images in the engine's cache";
const preview = "preview, target docker";
/** Alternations of settings at least; each takes a minute and a half. */
const leastRounds = 3;

/** The engine of the environment; a text tells why there is none. */
export async function findEngine(): Promise<Docker | string> {
  try {
    const docker = connectDocker({});
    await docker.ping();
    return docker;
  } catch (error) {
    const failure = engineFailure(error);
    if (!(failure instanceof ProblemError)) return failure.message;
    return `the Docker engine ${failure.problems.map(({ message }) => message).join("; ")}`;
  }
}

/** The stack of Pulumi.prod.yaml: its start, a preview that finds nothing, and how fast the server is for its settings. */
export async function measureDocker(
  docker: Docker,
  runs: number,
  keep: (subject: Subject) => Subject,
): Promise<DockerMeasured> {
  say("target docker: preparing checkouts, toolchain and stacks of their own");
  const prod = await makeProd(docker);
  const real = keep(prod.subject);
  const instant = keep(await makeInstantProd());
  const empty = keep(await makeEmpty(prod.engine));
  const fresh = await measureFresh(real, freshUp, runs, () => keepImages(docker, prod.name));
  say("bringing up the references");
  await instant.time(...up);
  await empty.time(...up);
  const commands = { [preview]: steadyCommands.preview ?? [] };
  const steady = await measureTurns(commands, [real, instant, empty], runs);
  const resources = await countAlike(real, instant);
  await stopBeside(docker, prod.name);
  const pgbench = await measureSettings(docker, prod.name, Math.max(runs, leastRounds));
  const figures = [fresh, ...steady];
  const versus = ({ name }: Subject, aim: number): Comparison =>
    compare(`${preview}: ${real.name} / ${name}`, ratio(figures, preview, real.name, name), "times", aim);
  return {
    resources,
    figures,
    comparisons: [
      versus(instant, 1.3),
      versus(empty, 2.6),
      compare(`${freshUp}: ${real.name}`, medianOf(figures, freshUp, real.name), "s", null),
      ...compareThroughput(pgbench),
    ],
    pgbench,
  };
}

/** The other containers would take some of the two cores, now more and now less. */
async function stopBeside(docker: Docker, name: string): Promise<void> {
  for (const kind of ["ops", "exporter", "prometheus", "alertmanager"]) {
    await stopContainer(docker, `${name}-${kind}`, 30);
  }
}

/** More is better here, so there is no limit to stay below. */
function compareThroughput({ ratios }: PgbenchResult): Comparison[] {
  return ratios.map(({ mode, median }) =>
    compare(`pgbench ${mode}: tuned / stock, more is better`, median, "times", null),
  );
}

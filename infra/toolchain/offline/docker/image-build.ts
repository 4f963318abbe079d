import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type Docker from "dockerode";
import { problemError } from "../../../../components/core/problem";
import { withoutSecrets } from "../shared/secret-texts";
import type { Work } from "../shared/resource";
import { buildArchive } from "./build-archive";
import type { BuildPlace } from "./build-context";
import { buildCommand, describeBuildFailure } from "./build-failure";
import { BuildOutput } from "./build-output";
import type { Engine } from "./engine";
import { describeFailure, type Subject } from "./failure";

/** How an image is built; complete, and without secrets' wrappers. */
export interface BuildOptions extends BuildPlace {
  readonly imageName: string;
  readonly args: Readonly<Record<string, string>>;
  readonly platform: string;
  readonly network?: string;
  readonly target?: string;
}

/** Milliseconds for a whole build: packages may come over a slow line. */
const builtWithin = 60 * 60_000;

/** Milliseconds between two lines of progress. */
const progressEvery = 250;

/**
 * Builds an image and gives its id.
 *
 * With the engine's classic builder: every engine since 20.10 has it, and needs no other program for it. (The official
 * plugin asks for BuildKit; the image is the same, its id is not.)
 */
export async function buildImage(engine: Engine, options: BuildOptions, work: Work): Promise<string> {
  const output = new BuildOutput();
  const subject: Subject = {
    type: "image",
    name: options.imageName,
    secrets: work.secrets,
    engine: engine.host,
  };
  const { stream, dockerfile } = buildArchive(options);
  await engine.ask(
    work.signal,
    async (docker, bound) => {
      const answer = await docker.buildImage(stream, { ...queryOf(options, dockerfile), ...bound });
      await follow(answer, output, work);
    },
    { within: builtWithin, cancellable: true },
  );
  if (output.failure !== undefined) throw failed(subject, options, output);
  const built = await engine.ask(work.signal, (docker) => docker.getImage(options.imageName).inspect());
  assertPlatform(subject, options.platform, `${built.Os}/${built.Architecture}`);
  return built.Id;
}

/** The classic builder takes the image after FROM that the engine has, whatever its platform. */
function assertPlatform({ name }: Subject, wanted: string, built: string): void {
  if (wanted === built || wanted.startsWith(`${built}/`)) return;
  throw problemError(
    `image "${name}"`,
    `was built for ${built}, and build.platform is ${wanted}`,
    "the image after FROM is of another architecture: load the right one, or build for the engine's own.",
  );
}

function queryOf(
  { imageName, args, platform, network, target }: BuildOptions,
  dockerfile: string,
): Docker.ImageBuildOptions {
  return {
    t: imageName,
    dockerfile,
    platform,
    buildargs: { ...args },
    ...(network === undefined ? {} : { networkmode: network }),
    ...(target === undefined ? {} : { target }),
    // A failed step leaves no container behind.
    rm: true,
    forcerm: true,
    version: "1",
  };
}

/** Reads a build's output to its end; the line that is at work is shown beside the resource. */
async function follow(
  answer: NodeJS.ReadableStream,
  output: BuildOutput,
  { log, secrets }: Work,
): Promise<void> {
  let told = 0;
  for await (const piece of answer.setEncoding("utf8") as AsyncIterable<string>) {
    const line = output.take(piece).at(-1);
    if (line === undefined || Date.now() - told < progressEvery) continue;
    told = Date.now();
    await log("info", withoutSecrets(line, secrets), { ephemeral: true });
  }
}

/** One error: why, at which step, its last lines, and how to see all of them. */
function failed(subject: Subject, options: BuildOptions, output: BuildOutput): Error {
  const clean = (text: string): string => withoutSecrets(text, subject.secrets);
  const said = clean(output.failure ?? "");
  const lines = output.lastLines().map(clean);
  const place = { context: resolve(options.context), dockerfile: resolve(options.dockerfile) };
  const from = { ...options, ...place, text: readFileSync(options.dockerfile, "utf8") };
  const described = clean(describeBuildFailure({ step: clean(output.step), said, lines }, from));
  const all = `\n    all that it prints: \`${clean(buildCommand(from))}\``;
  const hint = `${hintFor(subject, said, lines.join("\n"))}${all}`;
  return problemError(`image "${subject.name}"`, `could not be built: ${described}`, hint);
}

function hintFor(subject: Subject, said: string, lines: string): string {
  const known = describeFailure(subject, "built", new Error(`${said}\n${lines}`));
  const [problem] = known.problems;
  const general = "the engine's own log may say more";
  if (problem !== undefined && !problem.hint.startsWith(general)) return problem.hint;
  if (
    /pull access denied|manifest unknown|dial tcp|no such host|i\/o timeout|TLS handshake|request canceled/.test(
      said,
    )
  ) {
    return "the image after FROM is not on this engine, and no registry gives it: load it (`docker load`, `docker import`), or name another one.";
  }
  return "mend the step, and run this again.";
}

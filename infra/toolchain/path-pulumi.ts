import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { valid } from "semver";
import { findOnPath, isProgram, run } from "./process";
import { judgePulumi } from "./judge";

const languageHost = "pulumi-language-nodejs";

/** Pulumi with its language host, wherever they come from. */
export interface PulumiCli {
  readonly program: string;
  readonly version: string;
  readonly languageHost: string;
  /** Whether the engine finds the language host beside itself, and needs no PATH for it. */
  readonly hostIsBeside: boolean;
  readonly source: "PATH" | "download" | "build";
}

/** A Pulumi that is on PATH, and why it is not used if it is not. */
export interface PathPulumi {
  readonly cli: PulumiCli;
  readonly refusal?: string;
}

/** Every Pulumi on PATH in order, judged; the first one without a refusal is the one to use. */
export async function readPathPulumis(env: NodeJS.ProcessEnv): Promise<PathPulumi[]> {
  const found: PathPulumi[] = [];
  for (const program of findOnPath("pulumi", env)) {
    const judged = await judgeProgram(program, env);
    found.push(judged);
    if (judged.refusal === undefined) break;
  }
  return found;
}

async function judgeProgram(program: string, env: NodeJS.ProcessEnv): Promise<PathPulumi> {
  const answer = await run(program, ["version"], {
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs: 10_000,
  });
  const version = answer.exitCode === 0 ? (valid(answer.stdout.trim()) ?? undefined) : undefined;
  const host = findLanguageHost(program, env);
  const refusal = judgePulumi({ version, hasLanguageHost: host !== undefined });
  return {
    cli: {
      program,
      version: version ?? "unknown",
      languageHost: host ?? "",
      hostIsBeside: host !== undefined && dirname(realpathSync(host)) === dirname(realpathSync(program)),
      source: "PATH",
    },
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** The engine looks beside its own program, links followed, and on PATH. */
function findLanguageHost(program: string, env: NodeJS.ProcessEnv): string | undefined {
  const extension = process.platform === "win32" ? ".exe" : "";
  const beside = join(dirname(realpathSync(program)), `${languageHost}${extension}`);
  return isProgram(beside) ? beside : findOnPath(languageHost, env)[0];
}

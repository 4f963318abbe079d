import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { problemError } from "../../components/core/problem";
import { setting, type ToolchainContext } from "./context";
import { judgeGo } from "./judge";
import { findOnPath, run } from "./process";
import { withProgress } from "./progress";
import { languageHostVersion, pulumiVersion } from "./versions";

/** A program that is built from a Go module of this checkout: its versions and checksums are in go.mod and go.sum. */
interface GoProgram {
  readonly name: string;
  readonly version: string;
  /** Directory of the module, below go/. */
  readonly module: string;
  readonly main: string;
  /** Where the program keeps its own version. */
  readonly versionVariable: string;
}

const programs: readonly GoProgram[] = [
  {
    name: "pulumi",
    version: pulumiVersion,
    module: "cli",
    main: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    versionVariable: "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
  },
  {
    name: "pulumi-language-nodejs",
    version: languageHostVersion,
    module: "language-host",
    main: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    versionVariable: "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
  },
];

export interface GoFound {
  readonly program?: string;
  readonly version?: string;
  /** Why it cannot build Pulumi. */
  readonly refusal?: string;
}

/** The Go of this machine. It is asked for the version that is installed, not for one that it would fetch. */
export async function findGo(env: NodeJS.ProcessEnv): Promise<GoFound> {
  const [program] = findOnPath("go", env);
  if (program === undefined) return judgeGo(undefined);
  const answer = await run(program, ["env", "GOVERSION"], {
    env: { ...env, GOTOOLCHAIN: "local" },
    timeoutMs: 20_000,
  });
  return { program, ...judgeGo(answer.exitCode === 0 ? answer.stdout : answer.stderr) };
}

/** Builds the CLI and its language host into `<directory>/bin`. */
export async function buildPulumi(context: ToolchainContext, directory: string): Promise<void> {
  const go = await findGo(context.env);
  if (go.program === undefined || go.refusal !== undefined) throw noWayToPulumi(context, go.refusal ?? "");
  await mkdir(join(directory, "bin"));
  for (const program of programs) await buildProgram(context, go.program, program, directory);
}

async function buildProgram(
  context: ToolchainContext,
  go: string,
  program: GoProgram,
  directory: string,
): Promise<void> {
  const extension = context.platform === "win32" ? ".exe" : "";
  const output = join(directory, "bin", `${program.name}${extension}`);
  const stamp = `-s -w -X ${program.versionVariable}=v${program.version}`;
  // -mod=readonly, whatever GOFLAGS says: a build must not write to the checkout.
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", stamp];
  const module = join(context.project, "infra", "toolchain", "go", program.module);
  const title = `building ${program.name} ${program.version} from Go modules`;
  await withProgress(context.say, title, async () => {
    const result = await run(go, ["build", ...flags, "-o", output, program.main], {
      cwd: module,
      env: buildEnvironment(context),
    });
    if (result.exitCode !== 0) throw buildFailure(program, result.stderr);
  });
}

function buildEnvironment({ env, cache }: ToolchainContext): NodeJS.ProcessEnv {
  return {
    ...env,
    CGO_ENABLED: "0",
    GOWORK: "off",
    // Without a home directory Go has nowhere to keep what it builds.
    ...(setting(env, "HOME") === undefined
      ? { GOPATH: join(cache, "go"), GOCACHE: join(cache, "go-build") }
      : {}),
  };
}

function buildFailure(program: GoProgram, printed: string): Error {
  const last = printed.trim().split("\n").slice(-12).join("\n    ");
  return problemError(
    program.name,
    `\`go build\` of version ${program.version} failed:\n    ${last}`,
    "is a Go module proxy reachable (`go env GOPROXY`), and are 3 GB free? Then run the command again: what was fetched is kept.",
  );
}

function noWayToPulumi(context: ToolchainContext, refusal: string): Error {
  return problemError(
    "pulumi",
    `there is none on PATH or in ${context.cache}, none came from ${context.site.url}, and ${refusal}`,
    "install Pulumi (https://www.pulumi.com/docs/install/), or Go 1.25 or newer to have it built here.",
  );
}

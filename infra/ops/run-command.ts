import type { Command } from "commander";
import { problemError } from "../../components/core/problem";
import { colorsFor, type Colors } from "./colors";
import type { AnyCommand } from "./command";
import { CancelledError } from "./interrupt";
import { nagiosState, renderNagios, renderNagiosFailure } from "./nagios";
import {
  nagiosEndings,
  renderFailureJson,
  renderJson,
  statusOf,
  type Ending,
  type Failure,
  type Report,
} from "./report";
import { renderFailure, renderFindings } from "./text";
import { watching, watchInterval } from "./watch";

export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** A command line: how it describes itself, and what its commands work from. */
export interface Program<Context, Options extends ProgramOptions> {
  /** With the options that all commands have. */
  readonly program: Command;
  readonly open: (command: AnyCommand<Context>, options: Options) => Promise<Context>;
  /** What an error of a command means for its user. */
  readonly explain: (error: unknown, options: Options) => Failure;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: NodeJS.ProcessEnv;
}

/** Options that every command line has. */
export interface ProgramOptions {
  readonly json: boolean;
  /** Pulumi's name of the stack, where the user is asked for it. */
  readonly stack?: string;
}

/** What the frame itself adds to a command's options. */
interface OwnOptions extends ProgramOptions {
  readonly watch?: number | boolean;
  readonly nagios?: boolean;
}

/** Runs one command, once or again and again, and writes what it found out. */
export async function runCommand<Context, Options extends ProgramOptions>(
  command: AnyCommand<Context>,
  options: Options & OwnOptions,
  surroundings: Program<Context, Options>,
): Promise<Ending> {
  const { json, nagios, watch } = options;
  const clash = clashOf(options);
  if (clash !== undefined) return tellFailure(command, options, surroundings, clash);
  const seconds = watchInterval(watch);
  let context: Context | undefined;
  const look = async (): Promise<Ending> => {
    try {
      context ??= await surroundings.open(command, options);
      const report = await command.run(context, options);
      if (nagios === true) return tellNagios(command, report, surroundings);
      if (json) surroundings.stdout.write(renderJson(report, { isLine: seconds !== undefined }));
      else writeText(command, report, options, surroundings, seconds);
      return statusOf(report);
    } catch (error) {
      return tellFailure(command, options, surroundings, surroundings.explain(error, options));
    }
  };
  if (seconds === undefined) return look();
  const last = await watching(seconds, async () => {
    const result = await look();
    // A server that is away may come back: that is what somebody watches for.
    return { result, isLast: result === "usage" };
  });
  if (last !== undefined) return last;
  const cancelled = new CancelledError("ended before the first look was done");
  return tellFailure(command, options, surroundings, surroundings.explain(cancelled, options));
}

/** Options of the frame that exclude each other. */
function clashOf({ json, nagios, watch }: OwnOptions): Failure | undefined {
  if (nagios !== true || (!json && watch === undefined)) return undefined;
  const other = json ? "--json" : "--watch";
  const hint = "a check is one line: leave one of the two out";
  const { title, problems } = problemError("--nagios", `stands beside ${other}`, hint);
  return { status: "usage", title, problems };
}

function tellNagios<Context, Options extends ProgramOptions>(
  command: AnyCommand<Context>,
  report: Report<unknown>,
  { stdout }: Program<Context, Options>,
): Ending {
  const state = nagiosState(report);
  const result = command.nagios?.(report) ?? { summary: statusOf(report), performance: [] };
  stdout.write(renderNagios(command.name, state, result));
  return nagiosEndings[state];
}

/** @param seconds between two looks; undefined: there is one */
function writeText<Context, Options extends ProgramOptions>(
  command: AnyCommand<Context>,
  report: Report<unknown>,
  options: Options,
  { stdout, stderr, env }: Program<Context, Options>,
  seconds: number | undefined,
): void {
  const { output, machine } = command.render(report, options, colorsFor(stdout, env));
  if (seconds !== undefined) stdout.write(watchHead(seconds, stdout, colorsFor(stdout, env)));
  stdout.write(output);
  const [stream, colors]: [Stream, Colors] =
    machine === true ? [stderr, colorsFor(stderr, env)] : [stdout, colorsFor(stdout, env)];
  stream.write(renderFindings(report.findings, colors));
}

/** A terminal shows the last look alone; a file has them all, with their times. */
function watchHead(seconds: number, { isTTY }: Stream, colors: Colors): string {
  const clear = isTTY === true ? "\u001B[2J\u001B[3J\u001B[H" : "";
  return `${clear}${colors.dim(`${new Date().toISOString()}, every ${seconds} s until Ctrl-C`)}\n`;
}

function tellFailure<Context, Options extends ProgramOptions>(
  command: AnyCommand<Context>,
  { json, nagios, stack }: Options & OwnOptions,
  { stdout, stderr, env }: Program<Context, Options>,
  failure: Failure,
): Ending {
  if (nagios === true) {
    stdout.write(renderNagiosFailure(command.name, failure));
    return nagiosEndings.UNKNOWN;
  }
  const known = command.worksWithoutStack === true ? null : (stack ?? null);
  if (json) stdout.write(renderFailureJson(failure, { command: command.name, stack: known }));
  else stderr.write(renderFailure(failure, colorsFor(stderr, env)));
  return failure.status;
}

import type { Command } from "commander";
import type { StackConfig } from "../config";
import type { Colors } from "./colors";
import type { StackOutputs } from "./outputs";
import type { NagiosResult } from "./nagios";
import type { WriteLine } from "./progress";
import type { Pulumi } from "./pulumi";
import type { Report } from "./report";
import type { Progress } from "../../components/io/progress";

/** All that a command works from where it runs from a checkout. */
export interface CommandContext {
  /** Pulumi's name of the stack, as the user wrote it. */
  readonly stack: string;
  /** Pulumi's name of the project. */
  readonly project: string;
  readonly config: StackConfig;
  /** The configuration, for a command that works without one as well: undefined where the usual stack has no file. */
  readonly findConfig: () => Promise<StackConfig | undefined>;
  /** Directory of the project. */
  readonly root: string;
  /** The outputs of the deployed stack, or of another one; asked for when needed, as that takes a second. */
  readonly outputs: (other?: string) => Promise<StackOutputs>;
  /** Says what is being done when it takes over two seconds. */
  readonly progress: Progress;
  readonly pulumi: Pulumi;
  /** Says something to the person at standard error while the command works. */
  readonly write: WriteLine;
  /** Asks a person; absent where there is none at a terminal. */
  readonly ask?: (question: string) => Promise<boolean>;
  /** Has a person type something; absent where there is none at a terminal. */
  readonly askFor?: (question: string) => Promise<string>;
}

/** One command: a file in `commands/`. The ops container has its own, which work from another context. */
export interface OpsCommand<Args extends object, Data, Context = CommandContext> {
  /** Two words for a command of a group: `migrate lint`. */
  readonly name: string;
  /** One line in the list of commands. */
  readonly summary: string;
  /** True for a command that asks nothing of the configuration: there may be none yet, and `config` is not there. */
  readonly worksWithoutConfig?: true;
  /** True for a command that names its stack by itself: `--stack` is not the stack that it failed on. */
  readonly worksWithoutStack?: true;
  /** Adds the command's own options and examples. */
  readonly declare: (command: Command) => void;
  /** @throws ProblemError for a usage that commander cannot see; CannotTellError */
  readonly run: (context: Context, args: Args) => Promise<Report<Data>>;
  /** True: it has `--watch`, which looks again and again. For a command that changes nothing. */
  readonly watch?: true;
  /** The line of a check for Nagios; it has `--nagios` then. The findings' severities give the state. */
  // A method: a command that is made of another's parts may know more kinds of data than that one.
  nagios?(report: Report<Data>): NagiosResult;
  /** The report for people. */
  readonly render: (report: Report<Data>, args: Args, colors: Colors) => Rendering;
}

export interface Rendering {
  /** For standard output. */
  readonly output: string;
  /** True where the output is for a program, so that findings go to standard error. */
  readonly machine?: boolean;
}

// A list holds commands of different arguments: each is only ever called with what its own options gave.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyCommand<Context = CommandContext> = OpsCommand<any, any, Context>;

import { Command } from "commander";
import type { AnyCommand, CommandContext, OpsCommand } from "../command";
import type { Report } from "../report";

/** A command with the words of one of its command lines. */
export interface CommandLine<Data> {
  readonly command: OpsCommand<never, Data>;
  /** Behind its name, as somebody would type them. */
  readonly words: readonly string[];
}

/** A command of a list, whose data is that of its name. */
export function commandNamed<Data>(
  commands: readonly Pick<AnyCommand, "name">[],
  name: string,
): OpsCommand<never, Data> {
  const found = commands.find((command) => command.name === name);
  if (found === undefined) throw new Error(`there is no command ${name}`);
  // A list holds commands of any data: whoever asks knows what this one has.
  return found as OpsCommand<never, Data>;
}

/** What somebody would type for it, behind `npm run ops --`. */
export function renderLine<Data>({ command, words }: CommandLine<Data>): string {
  return [command.name, ...words].join(" ");
}

/** Runs a command within this process, with the options that its own words give, defaults included. */
export async function runLine<Data>(
  { command, words }: CommandLine<Data>,
  context: CommandContext,
): Promise<Report<Data>> {
  const described = new Command(command.name).exitOverride().action(() => undefined);
  command.declare(described);
  described.parse([...words], { from: "user" });
  return command.run(context, {
    ...described.opts<Record<string, unknown>>(),
    operands: described.args,
  } as never);
}

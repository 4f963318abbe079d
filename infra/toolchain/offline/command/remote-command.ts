import { problemError } from "../../../../components/core/problem";
import type { Shape } from "../shared/attribute";
import {
  commandAttributes,
  commandType,
  environmentOf,
  textOf,
  type Finished,
  type Running,
} from "./command-resource";
import { connectionAttribute } from "./inputs";
import { onHost } from "./remote-login";
import { officialPlugin } from "./version";

const shape: Shape = {
  plugin: officialPlugin,
  type: "Command",
  attributes: { ...commandAttributes, connection: connectionAttribute },
  refused: [],
};

/**
 * `command:remote:Command`: a command on another host, over SSH.
 *
 * Its environment goes the way of SSH's own requests, as with the official plugin: a host that does not take a variable
 * (`AcceptEnv`) fails the command before it starts; that it does not take the last output is no failure.
 */
export const remoteCommandType = commandType(shape, runThere);

function runThere({ command, inputs, previous, log, request }: Running): Promise<Finished> {
  return onHost(inputs, request, async (connection) => {
    const { stdout, stderr, code, signal, isCut } = await connection.run(command, {
      stdin: textOf(inputs, "stdin"),
      environment: environmentOf(inputs),
      optionalEnvironment: previous,
      signal: request.signal,
      onOutput: (stream, part) => {
        log.write(stream, part);
      },
    });
    if (isCut) {
      const hint = "have it write to a file of the host.";
      throw problemError("the command", "wrote more than the 16 MiB that a state can hold", hint);
    }
    if (code === 0) return { stdout, stderr };
    // As Go's SSH client says it, which the official plugin repeats.
    const failure =
      code === null
        ? `Process exited with signal ${signal ?? "unknown"}`
        : `Process exited with status ${code}`;
    return { stdout, stderr, failure };
  });
}

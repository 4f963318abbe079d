import { problemError } from "../../../../components/core/problem";
import type { AnyCommand, OpsCommand } from "../../command";
import type { ContainerContext } from "../surroundings";

const needsPasswords = "needs the stack's state, which holds the passwords";

/**
 * Commands of `npm run ops` that are not for the container, and what they need that is not in it: it has neither Pulumi
 * with the stack's state, nor the Docker engine, nor the checkout.
 */
const elsewhere: readonly (readonly [name: string, why: string])[] = [
  ["checklist", "needs the stack's configuration and state"],
  ["connections", needsPasswords],
  ["report", needsPasswords],
  ["locks", needsPasswords],
  ["terminate-idle", needsPasswords],
  ["metrics", needsPasswords],
  ["disk", needsPasswords],
  ["bloat", needsPasswords],
  ["indexes", needsPasswords],
  ["vacuum", needsPasswords],
  ["analyze", needsPasswords],
  ["reindex", needsPasswords],
  ["settings", needsPasswords],
  ["provider-settings", needsPasswords],
  ["logs", "reads the log by way of the engine, which is not here"],
  ["audit-security", "needs the stack's configuration and state"],
  ["plan", "needs Pulumi and the stack's state"],
  ["drift", "needs Pulumi and the stack's state"],
  ["connection", needsPasswords],
  ["rotate", "needs the engine: it changes the stack's file and runs `up`"],
  ["migrate create", "writes a file of the checkout"],
  ["migrate conventions", "writes files of the checkout"],
  ["migrate lint", "reads files of the checkout"],
  ["migrate status", "reads files of the checkout"],
  ["migrate check", "reads files of the checkout"],
  ["migrate current", "reads files of the checkout"],
  ["migrate history", needsPasswords],
  ["migrate verify", "reads files of the checkout"],
  ["migrate sql", "reads files of the checkout"],
  ["migrate test", "reads files of the checkout"],
  ["migrate upgrade", "reads files of the checkout"],
  ["migrate downgrade", "reads files of the checkout"],
  ["migrate baseline", "reads files of the checkout"],
  ["migrate repair", "reads files of the checkout"],
  ["audit", needsPasswords],
  ["audit maintain", "is job audit here (`run audit`)"],
  ["archive", needsPasswords],
  ["slow-queries", needsPasswords],
  ["capacity", needsPasswords],
  ["sample", "is job samples here (`run samples`)"],
  ["dashboards", "writes files where somebody takes them from"],
  ["copy", "needs the states of two stacks"],
  ["adopt", "writes a file of the checkout"],
  ["release", "needs Pulumi and the stack's state"],
  ["new-stack", "writes a file of the checkout"],
  ["preview-comment", "is for a workflow of the repository"],
  ["drift-issue", "is for a workflow of the repository"],
];

/** They say where to run them, rather than that there is no such command. */
export const elsewhereCommands: readonly AnyCommand<ContainerContext>[] = elsewhere.map(([name, why]) => {
  const command: OpsCommand<object, null, ContainerContext> = {
    name,
    summary: `not in this container: ${why}`,
    declare: (described) => {
      described.allowUnknownOption().allowExcessArguments();
    },
    async run({ read }) {
      const stack = await read().then(
        (context) => context.stack,
        () => "<stack>", // the answer does not depend on it
      );
      const hint = `run \`npm run ops -- ${name} --stack ${stack}\` in the checkout that the stack is deployed from`;
      throw problemError(name, `${why}: it does not run in this container`, hint);
    },
    render: () => ({ output: "" }),
  };
  return command;
});

import type { GateFacts } from "../../../../components/core/backup-gate/facts";
import { isOfContainer, type OpsContext } from "../../../../components/core/ops-context";
import { readGateFacts, withPhysical } from "../../../../components/io/backup-gate/read-facts";
import { backRest } from "../../../../components/io/physical/pgbackrest";
import { runHere } from "../../../../components/io/physical/run-here";
import type { OpsCommand } from "../../command";
import { openJobState } from "../job-state";
import type { ContainerContext } from "../surroundings";

interface FactsData {
  /** By database. */
  readonly facts: Readonly<Record<string, GateFacts>>;
}

/** What is known here of the backups; what they have to be is known on the machine that the stack is deployed from. */
export const containerGateCommand: OpsCommand<object, FactsData, ContainerContext> = {
  name: "backup gate",
  summary: "tell what a plan that loses data is judged by; `npm run ops -- backup gate` judges",
  declare: (command) => {
    const fields = "backups [{ kind, name, takenAt, checkedAt, faults, systemIdentifier }]";
    command.addHelpText(
      "after",
      `\nJSON: data.facts by database: { ${fields},\ndrills [{ kind, backup, at, faults }], unread }.`,
    );
  },
  async run(surroundings) {
    const context = await surroundings.read();
    const { stack, service, files } = context;
    const facts = await Promise.all(
      service.databases.map(async ({ name }) => {
        const logical = await readGateFacts(files.logicalBackups, name);
        return [name, await addPhysical(logical, context, surroundings)] as const;
      }),
    );
    return { command: "backup gate", stack, data: { facts: Object.fromEntries(facts) }, findings: [] };
  },
  render: ({ data }) => ({
    output: Object.entries(data.facts)
      .map(
        ([database, { backups }]) => `${database}: ${backups.map(({ name }) => name).join(", ") || "none"}\n`,
      )
      .join(""),
  }),
};

/** Without the repository of physical backups the logical ones are judged by themselves. */
async function addPhysical(
  facts: GateFacts,
  context: OpsContext,
  { log }: Pick<ContainerContext, "log">,
): Promise<GateFacts> {
  const { physical } = context;
  if (physical === undefined || facts.unread !== undefined || !isOfContainer(context)) return facts;
  const repository = await backRest(runHere, physical.configuration)
    .read()
    .catch((error: unknown) => {
      log.warning(`the repository of physical backups cannot be read: ${String(error)}`);
      return undefined;
    });
  if (repository === undefined) return facts;
  const { lastAttempt, lastSuccess } = (await openJobState(context.files.jobState, log)).of(
    "physical-verify",
  );
  const isDamaged = lastAttempt !== undefined && lastAttempt > (lastSuccess ?? 0);
  return withPhysical(facts, repository, isDamaged);
}

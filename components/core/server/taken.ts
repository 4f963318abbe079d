import { byName } from "../lists";
import type { Plan } from "../statement";
import { otherStack } from "./marks";
import type { ServerAccess, ServerCatalog } from "./model";

/**
 * Roles and databases that official resources are to make in this run and that are there already. What another stack has
 * marked as its own is that one's, and told as such.
 *
 * @param newcomers what is to be made, as `role <name>` and `database <name>`: only a preview knows
 */
export function takenNames(
  { roles, databases, markedAs }: Pick<ServerAccess, "roles" | "databases" | "markedAs">,
  actual: Pick<ServerCatalog, "roles" | "databases" | "owner">,
  newcomers: ReadonlySet<string>,
): string[] {
  const there = new Set([
    ...actual.roles.map(({ name }) => `role ${name}`),
    ...actual.databases.map(({ name }) => `database ${name}`),
  ]);
  const declared = [
    ...byName(databases).map(({ name }) => `database ${name}`),
    ...byName(roles).map(({ name }) => `role ${name}`),
  ];
  const isAnothers = (what: string): boolean =>
    markedAs !== undefined && otherStack(what, actual.owner, markedAs) !== undefined;
  return declared.filter((what) => newcomers.has(what) && there.has(what) && !isAnothers(what));
}

/** CREATE would fail, one object after the other: told before anything runs, all at once, without what would follow. */
export function refuseTaken(plan: Plan, taken: readonly string[]): Plan {
  const [it, its] = taken.length === 1 ? ["it", "its"] : ["them", "their"];
  const refusal = {
    subject: taken.join(", "),
    message: `on the server already, and not in this stack's state: to make ${it} again fails`,
    hint:
      `take ${it} over: \`npm run ops -- adopt --url …\` writes the file for \`pulumi import --file\`, with what is there as ` +
      `configuration; or choose other names; or drop ${it}, with all ${its} data, if nobody needs ${it}`,
  };
  const others = plan.refusals.filter(({ subject }) => !taken.includes(subject));
  return { ...plan, statements: [], refusals: [refusal, ...others] };
}

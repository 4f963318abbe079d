import { databaseScope } from "./access-database";
import { objectsScope } from "./access-objects";
import { checkServerInputs, serverDeletion, serverScope } from "./access-server";
import type { Scope } from "./access-scope";
import type { CheckFailure } from "./contract";
import { InputCheck } from "./inputs";
import { gated } from "./loss-gate";
import { applyPlanned, plannedResource } from "./planned";
import type { PropertyMap } from "./properties";
import { readConnections } from "./server-connection";

/**
 * Keeps the objects of a server, or of one database, as declared: it compares them with the live catalogue at every
 * preview and mends them in one transaction. What it mended stays when it goes, as the objects belong to their own
 * resources; what has none goes with it: the groups of schemas, and the ownership of the server.
 */
export const access = plannedResource({
  check: ({ newInputs }) => checkInputs(newInputs),
  read: (inputs, oldInputs, request) => ({
    ...readConnections(inputs, oldInputs),
    ...gated(scopeOf(inputs, oldInputs, "oldInputs" in request && oldInputs === undefined), inputs),
  }),
  compared: [
    "roles",
    "groups",
    "databases",
    "closed",
    "stack",
    "schemas",
    "extensions",
    "privileges",
    "samples",
  ],
  replacing: ["scope", "database"],
  imported(id) {
    if (id === "server") return { scope: "server" };
    const [, scope, database] = /^(database|objects)\/(.+)$/.exec(id) ?? [];
    return scope === undefined || database === undefined ? undefined : { scope, database };
  },
  async delete(request) {
    if (request.inputs.scope !== "server") return;
    const { inputs } = request;
    await applyPlanned(request, { ...readConnections(inputs, undefined), ...serverDeletion(inputs) });
  },
});

/** @param imported whether the state knows only what an import said */
function scopeOf(inputs: PropertyMap, oldInputs: PropertyMap | undefined, imported: boolean): Scope {
  if (inputs.scope === "server") return serverScope(inputs, oldInputs, imported);
  return inputs.scope === "objects" ? objectsScope(inputs, oldInputs) : databaseScope(inputs, oldInputs);
}

function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  const check = new InputCheck(inputs).oneOf("scope", "server", "database", "objects");
  if (inputs.scope === "server") {
    check.failures.push(...checkServerInputs(inputs).failures);
  } else if (inputs.scope === "objects") {
    return check.known("scope", "connection", "database", "privileges", "after").text("database").failures;
  } else {
    check
      .known(
        "scope",
        "connection",
        "database",
        "schemas",
        "extensions",
        "allowDataLoss",
        "privileges",
        "gate",
        "samples",
      )
      .text("database")
      .list("schemas")
      .list("extensions");
  }
  return check.list("allowDataLoss").names("roles", "databases", "schemas").failures;
}

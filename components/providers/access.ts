import { readScope } from "./access-scope";
import type { CheckFailure } from "./contract";
import { InputCheck } from "./inputs";
import { plannedResource } from "./planned";
import type { PropertyMap } from "./properties";

/**
 * Keeps the objects of a server, or of one database, as declared: it compares them with the live catalogue at every
 * preview and mends them in one transaction. What it mended stays when it goes: the objects belong to their own
 * resources.
 */
export const access = plannedResource({
  check: ({ newInputs }) => checkInputs(newInputs),
  read: (inputs, oldInputs) => readScope(inputs, oldInputs),
  compared: ["roles", "databases", "schemas", "extensions"],
  replacing: ["scope", "database"],
});

function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  const check = new InputCheck(inputs).oneOf("scope", "server", "database");
  if (inputs.scope === "server") {
    check
      .known("scope", "connection", "roles", "databases", "allowDataLoss", "protect")
      .list("roles")
      .list("databases");
  } else {
    check.known("scope", "connection", "database", "schemas", "extensions", "allowDataLoss");
    check.text("database").list("schemas").list("extensions");
  }
  return check.list("allowDataLoss").names("roles", "databases", "schemas").failures;
}

import { expect, test } from "vitest";
import type { Plan } from "../../../components/core/statement";
import type { Session } from "../../../components/io/session";
import { LoginRefusedError } from "../../../components/io/session";
import { compareAll, type DriftSource, type Look } from "../../../infra/ops/drift/compare";

const nothing: Plan = { statements: [], refusals: [] };
const source = (resource: string, database: string, answer: Plan | DriftSource): DriftSource => ({
  resource,
  database,
  plan: () => Promise.resolve(answer),
});

function lookInto(refused: readonly string[] = []): { readonly opened: string[]; readonly look: Look } {
  const opened: string[] = [];
  const look: Look = (database, use) => {
    opened.push(database);
    if (refused.includes(database)) return Promise.reject(new LoginRefusedError(`${database} is closed`));
    return use({} as Session);
  };
  return { opened, look };
}

const elsewhere: Plan = {
  ...nothing,
  undeclared: [
    { kind: "role", subject: "role carol", message: "nobody declared it" },
    { kind: "PUBLIC", subject: "database postgres", message: "only its owner may", beyond: true },
  ],
};
const server = source("Access server", "postgres", source("Access server", "shop", elsewhere));

test("a source goes on in another database, in the session that looks there anyway, and what is beyond the login is no drift", async () => {
  const { opened, look } = lookInto();
  const sources = [server, source("Access shop", "shop", nothing), source("Access stock", "stock", nothing)];
  const { drift, remarks, compared, unseen } = await compareAll(sources, look);
  expect(opened).toEqual(["postgres", "shop", "stock"]);
  expect(compared).toEqual(["Access shop", "Access server", "Access stock"]);
  expect(drift.map(({ subject }) => subject)).toEqual(["role carol"]);
  expect(remarks).toEqual([{ subject: "database postgres", message: "only its owner may" }]);
  expect(unseen).toEqual([]);
});

test("where that database takes no login, what goes on there is told as not seen", async () => {
  const { look } = lookInto(["shop"]);
  const { unseen, compared } = await compareAll([server, source("Access stock", "stock", nothing)], look);
  expect(unseen).toEqual([{ what: "Access server", reason: "shop is closed" }]);
  expect(compared).toEqual(["Access stock"]);
});

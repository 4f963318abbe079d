import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";
import { beforeAll, expect, test } from "vitest";
import { Database, EmbeddedServer, Roles, Schemas } from "../../components";
import { record, type Recorded } from "../support/recorded-program";

let resources: readonly Recorded[];

beforeAll(async () => {
  ({ resources } = await record(() => {
    const { connection } = new EmbeddedServer("server", { port: 54320 });
    const roles = [{ name: "shop_owner" }, { name: "shop_app", login: true }];
    new Roles("shop", { connection, roles });
    const database = new Database("shop", { connection, name: "shop", owner: "shop_owner" });
    new Schemas("shop", {
      connection,
      database,
      schemas: [{ name: "app" }],
      extensions: [{ name: "hstore" }],
    });
  }));
});

/** The arguments of a resource type in the SDK that is installed: a property that it gains makes the test fail. */
function sdkArguments(type: string): string[] {
  const sdk = dirname(createRequire(__filename).resolve("@pulumi/postgresql/package.json"));
  const text = readFileSync(join(sdk, `${type.toLowerCase()}.d.ts`), "utf8");
  const source = ts.createSourceFile(type, text, ts.ScriptTarget.ES2022, true);
  const args = source.statements
    .filter(ts.isInterfaceDeclaration)
    .find(({ name }) => name.text === `${type}Args`);
  return args?.members.map((member) => member.name?.getText() ?? "") ?? [];
}

// `"*"` does not cover a property that is not set, and the first update of a Role revokes its memberships.
test.each(["Role", "Database", "Schema", "Extension"])(
  "a change of any property of a %s is ignored",
  (type) => {
    const known = sdkArguments(type);
    expect(known).toContain("name");
    const made = resources.filter(
      (resource) => resource.type.endsWith(`:${type}`) && !resource.type.startsWith("pg:"),
    );
    expect(made.length).toBeGreaterThan(0);
    for (const { ignoreChanges } of made) {
      expect(ignoreChanges[0]).toBe("*");
      expect(ignoreChanges.slice(1).toSorted()).toEqual(known.toSorted());
    }
  },
);

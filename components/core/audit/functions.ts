import { contentDigest } from "../content-digest";
import { quoteIdentifier } from "../identifier";
import { everybody } from "../privileges/acl";
import type { Statement } from "../statement";
import { ddlFunction } from "./ddl-functions";
import { guardFunctions } from "./guard-functions";
import type { ActualFunction, AuditCatalog, AuditDeclaration } from "./model";
import { recordFunctions, type DesiredFunction } from "./record-functions";

/** What writes to the trail: it belongs to the trail's owner, and its statements run as that. */
export function planRecordFunctions({ owner }: AuditDeclaration, catalog: AuditCatalog): Statement[] {
  return [...recordFunctions, ddlFunction].flatMap((desired) =>
    planFunction(desired, catalog, (found) =>
      found.owner === owner ? undefined : `it belongs to ${found.owner}`,
    ),
  );
}

/** What keeps the triggers: of a superuser, and run as such. */
export function planGuardFunctions(declaration: AuditDeclaration, catalog: AuditCatalog): Statement[] {
  return guardFunctions(declaration).flatMap((desired) =>
    planFunction(desired, catalog, (found) =>
      found.ownedBySuperuser ? undefined : `it belongs to ${found.owner}, who is no superuser`,
    ),
  );
}

export function functionName({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** The statement that makes a function what it is to be, or makes it anew where it is another's. */
function planFunction(
  desired: DesiredFunction,
  { functions }: AuditCatalog,
  ownerFault: (found: ActualFunction) => string | undefined,
): Statement[] {
  const found = functions.find(({ schema, name }) => schema === desired.schema && name === desired.name);
  const name = functionName(desired);
  const fault = found === undefined ? "it is not there" : (ownerFault(found) ?? difference(desired, found));
  const types = desired.args === "" ? "" : argumentTypes(desired);
  return [
    ...(fault === undefined ? [] : [createFunction(desired, fault)]),
    // A new one is PUBLIC's to execute, unless default privileges say otherwise.
    ...(found === undefined || found.acl.some(({ grantee }) => grantee === everybody)
      ? [
          {
            sql: `REVOKE ALL ON FUNCTION ${name}(${types}) FROM PUBLIC`,
            reason: "nobody calls it: it runs as a trigger",
            risk: "access" as const,
            kind: "audit" as const,
          },
        ]
      : []),
  ];
}

function argumentTypes({ args }: DesiredFunction): string {
  return args
    .split(", ")
    .map((one) => one.split(" ")[1])
    .join(", ");
}

function createFunction(desired: DesiredFunction, reason: string): Statement {
  const { args, returns, source } = desired;
  const head = `CREATE OR REPLACE FUNCTION ${functionName(desired)}(${args}) RETURNS ${returns}`;
  const security = isDefiner(desired) ? " SECURITY DEFINER" : "";
  const set = desired.settings.map(([name, value]) => ` SET ${name} = ${setting(name, value)}`).join("");
  const lines = source.trimEnd().split("\n");
  return {
    sql: `${head} LANGUAGE plpgsql${security}${set} AS $pgstead$${source}$pgstead$`,
    summary: `${head} … (${lines.length} lines, ${contentDigest(source)})`,
    reason,
    risk: "none",
    kind: "audit",
    body: lines,
  };
}

/** What calls audit_attach is one, and what looks at a command before it runs needs the rights of who sent it. */
function isDefiner({ name }: DesiredFunction): boolean {
  return name !== "audit_attach" && name !== "audit_guard_start";
}

const lists: readonly string[] = ["search_path", "DateStyle"];

function setting(name: string, value: string): string {
  return lists.includes(name) ? value : `'${value}'`;
}

function difference(desired: DesiredFunction, found: ActualFunction): string | undefined {
  const wanted = desired.settings.map(([name, value]) => `${name}=${value}`.toLowerCase()).toSorted();
  const has = found.config.map((entry) => entry.toLowerCase()).toSorted();
  if (found.source !== desired.source) {
    return `the server has another text (${contentDigest(found.source)})`;
  }
  const alike =
    found.definer === isDefiner(desired) && found.language === "plpgsql" && found.returns === desired.returns;
  if (!alike) return "the server has another function of this name";
  return wanted.join("\n") === has.join("\n") ? undefined : "the server has it with other settings";
}

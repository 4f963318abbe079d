import { parseRetention } from "../../components/core/audit/months";
import type { Problem } from "../../components/core/problem";
import { parseSqlName } from "../../components/core/privileges/name";
import { at } from "./check-server";
import type { Fault } from "./names";
import type { Draft } from "./draft";
import { auditKey, type WrittenAudit } from "./resolve-audit";
import { nearest, renderValue } from "./shape";
import type { Target } from "./stack-config";

/** What the types alone cannot tell about the trail of a database, and about what would open it to others. */
export function checkAudit(draft: Draft, target: Target): Problem[] {
  const { audit } = draft.written;
  if (audit === undefined) return [];
  const path = draft.auditPath;
  const schemas = draft.config.schemas.map(({ name }) => name);
  return [
    ...audit.schemas.flatMap((schema, index) =>
      at([...path, "schemas", index], schemaFault(schema, schemas, audit.schemas.indexOf(schema) < index)),
    ),
    ...Object.entries(audit.tables).flatMap(([name, table]) =>
      checkTable([...path, "tables", name], name, table, schemas),
    ),
    ...twinTables(path, audit),
    ...at([...path, "retention"], retentionFault(audit.retention)),
    ...at([...path, "pgaudit"], pgauditFault(draft, audit, target)),
    ...checkSchema(draft),
    ...checkOwner(draft),
    ...checkReaders(draft),
  ];
}

type Path = readonly (string | number)[];

function schemaFault(schema: string, declared: readonly string[], isTwice = false): Fault | undefined {
  if (isTwice) return { message: `${schema} is listed twice`, hint: "remove one of the two" };
  if (schema === auditKey) {
    return { message: "audit holds the trail, which records others and not itself", hint: "remove it" };
  }
  if (declared.includes(schema)) return undefined;
  const meant = nearest(schema, declared);
  return {
    message: `the database has no schema ${renderValue(schema)}`,
    hint: meant === undefined ? `declare it: schemas: { ${schema}: {} }` : `did you mean ${meant}?`,
  };
}

function checkTable(
  path: Path,
  name: string,
  { audited, exclude }: WrittenAudit["tables"][string],
  schemas: readonly string[],
): Problem[] {
  const parsed = parseSqlName(name);
  if (parsed?.args !== undefined || parsed?.path.length !== 2) {
    const hint = 'write its schema and its name, such as app.orders or app."My table"';
    return at(path, { message: `${renderValue(name)} is no name of a table`, hint });
  }
  const [schema = ""] = parsed.path;
  return [
    ...at(path, schemaFault(schema, schemas)),
    ...exclude.flatMap((column, index) =>
      exclude.indexOf(column) === index
        ? []
        : at([...path, "exclude", index], {
            message: `${column} is listed twice`,
            hint: "remove one of the two",
          }),
    ),
    ...(audited || exclude.length === 0
      ? []
      : at([...path, "exclude"], {
          message: "says nothing of a table that is not audited",
          hint: "remove it, or audited: false",
        })),
  ];
}

/** `app.orders` and `App.Orders` are one. */
function twinTables(path: Path, { tables }: WrittenAudit): Problem[] {
  const names = Object.keys(tables);
  const keys = names.map((name) => JSON.stringify(parseSqlName(name)?.path ?? name));
  return names.flatMap((name, index) =>
    keys.indexOf(keys[index] ?? "") === index
      ? []
      : at([...path, "tables", name], { message: "is there twice", hint: "remove one of the two" }),
  );
}

function retentionFault(written: string | undefined): Fault | undefined {
  if (written === undefined || parseRetention(written) !== undefined) return undefined;
  return {
    message: `${renderValue(written)} is not a time`,
    hint: "write it such as 24 months, 2 years or 90 days; without the line nothing is dropped",
  };
}

function pgauditFault({ written }: Draft, { pgaudit }: WrittenAudit, target: Target): Fault | undefined {
  if (pgaudit.length === 0) return undefined;
  if (target === "embedded") {
    return {
      message: "the embedded server has no pgaudit",
      hint: "remove it here; target docker has it, and so may an existing server",
    };
  }
  if (!Object.hasOwn(written.settings, "pgaudit.log")) return undefined;
  return { message: "stands beside the database's setting pgaudit.log", hint: "keep one of the two" };
}

/** Whoever may write to the schema, or becomes its owner, could change what the trail says. */
function checkSchema({ path, written }: Draft): Problem[] {
  const place = [...path, "schemas", auditKey];
  const schema = written.schemas[auditKey];
  const extensions = written.extensions.filter((extension) => extension.schema === auditKey);
  return [
    ...(schema?.owner === undefined || schema.owner === auditKey
      ? []
      : at([...place, "owner"], {
          message: `${schema.owner} would own the trail, and could change it`,
          hint: "remove the line: role audit owns it, as whom nobody works",
        })),
    ...((schema?.writers ?? []).length === 0
      ? []
      : at([...place, "writers"], { message: "nobody writes to the trail", hint: "name them as readers" })),
    ...extensions.flatMap(({ name }) =>
      at([...path, "extensions"], {
        message: `${name} is to be in schema audit, which holds the trail alone`,
        hint: "name another schema",
      }),
    ),
  ];
}

function checkOwner({ rolesPath, written, config }: Draft): Problem[] {
  const role = written.roles?.[auditKey];
  const path = [...rolesPath, auditKey];
  const hint = "remove it: the role owns the trail, and nobody works as it";
  const faults: (readonly [string, boolean])[] = [
    ["login", role?.login === true],
    ["password", role?.password !== undefined],
    ["profile", role?.profile !== undefined],
    ["memberOf", (role?.memberOf ?? []).length > 0],
    ["grants", (role?.grants ?? []).length > 0],
    ["retired", role?.retired !== undefined],
    ["createRole", role?.createRole === true],
  ];
  return [
    ...faults
      .filter(([, isGiven]) => isGiven)
      .flatMap(([key]) => at([...path, key], { message: "is not for the role that owns the trail", hint })),
    ...Object.entries(written.roles ?? {}).flatMap(([key, { memberOf }]) => {
      const name = config.roles.find((one) => one.key === auditKey)?.name;
      const index = memberOf.findIndex((one) => one.role === auditKey || one.role === name);
      return index < 0
        ? []
        : at([...rolesPath, key, "memberOf", index], {
            message: `${key} could change the trail as a member of its owner`,
            hint: "remove it; who reads the trail is in schemas: { audit: { readers: […] } }",
          });
    }),
  ];
}

/** A grant on the trail gives SELECT or nothing. */
function checkReaders({ rolesPath, config }: Draft): Problem[] {
  return config.roles.flatMap(({ key, grants }) =>
    grants.flatMap(({ on, privileges }, index) => {
      const [word = "", name = ""] = Object.entries(on)[0] ?? [];
      const isIn = word === "schema" || word.endsWith("In");
      const schema = isIn ? String(name) : parseSqlName(String(name))?.path[0];
      const allowed = word === "schema" ? "USAGE" : "SELECT";
      const excess = privileges.filter((privilege) => privilege !== allowed);
      if (word === "database" || schema !== auditKey || excess.length === 0) return [];
      return at([...rolesPath, key, "grants", index, "privileges"], {
        message: `${excess.join(", ")} on the trail would let ${key} change or forge it`,
        hint: `write [${allowed}]`,
      });
    }),
  );
}

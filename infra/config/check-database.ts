import { embeddedExtensions, embeddedUnusable } from "../../components/core/database/extensions";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import { databaseNameFault, nameFault, schemaNameFault, type Fault } from "./names";
import type { Draft } from "./draft";
import type { Target } from "./stack-config";
import { nearest, renderValue } from "./shape";

/** What the types alone cannot tell about a database, apart from its roles. */
export function checkDatabase(draft: Draft, drafts: readonly Draft[], place: Place): Problem[] {
  const { path, name, written } = draft;
  // A server that is there has the encodings, locales and extensions that it has: it says so itself.
  const isOurs = place.target !== "existing";
  return [
    ...(name === undefined
      ? at([...path, "name"], { message: "is missing", hint: "add it, such as `name: shop`" })
      : at(draft.path[0] === "database" ? [...path, "name"] : path, databaseNameFault(name))),
    ...at([...path, "owner"], ownerFault(written.owner, drafts, place)),
    ...(isOurs ? checkLocale(draft) : []),
    ...at([...path, "template"], templateFault(written.template, drafts)),
    ...Object.keys(written.schemas).flatMap((schema) =>
      at([...path, "schemas", schema], schemaNameFault(schema)),
    ),
    ...checkExtensions(draft, place.target),
  ];
}

/** Where a database is to live. */
export interface Place {
  readonly target: Target;
  readonly administrator: string;
}

function checkLocale({ path, written }: Draft): Problem[] {
  return [
    ...at([...path, "encoding"], encodingFault(written.encoding)),
    ...at([...path, "locale"], localeFault(written.locale)),
    ...(written.ctype === undefined ? [] : at([...path, "ctype"], localeFault(written.ctype))),
  ];
}

/** On a server of our own there are no other roles. */
function ownerFault(
  owner: string | undefined,
  drafts: readonly Draft[],
  { target, administrator }: Place,
): Fault | undefined {
  if (owner === undefined) return undefined;
  const roles = drafts.flatMap(({ config }) => config.roles);
  const names = [administrator, ...roles.map(({ name }) => name)];
  if (names.includes(owner)) return undefined;
  if (target === "existing") return nameFault(owner);
  const meant = nearest(owner, names);
  return {
    message: `the stack has no role of the name ${renderValue(owner)}`,
    hint: meant === undefined ? `known are: ${names.join(", ")}` : `did you mean ${meant}?`,
  };
}

function encodingFault(encoding: string): Fault | undefined {
  if (encoding === "UTF8") return undefined;
  return { message: `the embedded server has UTF8 only, not ${renderValue(encoding)}`, hint: "write UTF8" };
}

function localeFault(locale: string): Fault | undefined {
  if (locale === "C") return undefined;
  return {
    message: `the embedded server has locale C only, not ${renderValue(locale)}`,
    hint: 'write C, and sort by a language where it matters: ORDER BY name COLLATE "de-x-icu"',
  };
}

function templateFault(template: string, drafts: readonly Draft[]): Fault | undefined {
  if (!drafts.some(({ name }) => name === template)) return nameFault(template);
  return {
    message: `${template} is declared in this stack: what it contains when it is copied is a matter of luck`,
    hint: "use template0, and let migrations make the content",
  };
}

function checkExtensions({ path, config, written }: Draft, target: Target): Problem[] {
  const names = written.extensions.map(({ name }) => name);
  const schemas = config.schemas.map((declared) => declared.name);
  return written.extensions.flatMap(({ name, schema, version }, index) => {
    const listed = [...path, "extensions"];
    if (names.indexOf(name) !== index) {
      return at(listed, { message: `${name} is listed twice`, hint: "remove one of the two" });
    }
    return [
      ...at(listed, target === "existing" ? plpgsqlFault(name) : extensionFault(name, names, target)),
      // Managed services put some of theirs there.
      ...(schemas.includes(schema) || (target === "existing" && schema === "pg_catalog")
        ? []
        : at(listed, unknownSchema(name, schema, schemas))),
      ...at(listed, versionFault(name, version)),
    ];
  });
}

function extensionFault(
  name: string,
  declared: readonly string[],
  target: Exclude<Target, "existing">,
): Fault | undefined {
  if (name === "plpgsql") return plpgsqlFault(name);
  const server = target === "docker" ? "the image" : "the embedded server";
  if (name === "pgaudit" && target === "docker") {
    return {
      message: "pgaudit does nothing by its extension alone: its library has to be loaded",
      hint: "remove it here; `audit: { pgaudit: true }` brings both",
    };
  }
  if (embeddedUnusable.has(name)) {
    return {
      message: `${name} needs a library of the operating system, which ${server} does without`,
      hint: "remove it; functions in SQL and PL/pgSQL need nothing",
    };
  }
  const known = embeddedExtensions.find((extension) => extension.name === name);
  if (known === undefined) {
    const names = embeddedExtensions.map((extension) => extension.name);
    const meant = nearest(name, names);
    const hint = meant === undefined ? `it has: ${names.join(", ")}` : `did you mean ${meant}?`;
    return { message: `${server} has no extension ${renderValue(name)}`, hint };
  }
  const missing = known.requires.filter((required) => !declared.includes(required));
  if (missing.length === 0) return undefined;
  return { message: `${name} needs ${missing.join(", ")}`, hint: `add ${missing.join(", ")} to the list` };
}

function plpgsqlFault(name: string): Fault | undefined {
  return name === "plpgsql" ? { message: "plpgsql is always there", hint: "remove it" } : undefined;
}

function unknownSchema(name: string, schema: string, schemas: readonly string[]): Fault {
  const meant = nearest(schema, schemas);
  return {
    message: `${name} is to be in schema ${renderValue(schema)}, which the database does not have`,
    hint: meant === undefined ? `declare it: schemas: { ${schema}: {} }` : `did you mean ${meant}?`,
  };
}

function versionFault(name: string, version: string | undefined): Fault | undefined {
  // PostgreSQL makes a file name of it, and takes "--" for the mark of an update.
  if (version === undefined || /^[0-9A-Za-z_]+(?:[.-][0-9A-Za-z_]+)*$/.test(version)) return undefined;
  return {
    message: `${name} has no version ${renderValue(version)}`,
    hint: 'write it such as version: "1.6"',
  };
}

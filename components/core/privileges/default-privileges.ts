import { quoteIdentifier } from "../identifier";
import { joinPlans, type Plan, type Statement, type Undeclared } from "../statement";
import { diffAcl, everybody, type AclChange, type AclItem, type Want } from "./acl";
import { creatorsIn, ourRoles, profileWants, type AclKind, type PrivilegesDeclaration } from "./declaration";
import { explicitGrants, schemaWideWants } from "./grants";
import { planOutOfReach, type OutOfReach } from "./reach";
import { groupBy, key, renderGrantee } from "./statements";

/** A row of pg_default_acl: what objects of a kind get that a role makes, everywhere or in one schema. */
export interface ActualDefault {
  readonly role: string;
  /** Null: in every schema, in place of PostgreSQL's own defaults. Otherwise on top of those. */
  readonly schema: string | null;
  readonly kind: AclKind;
  readonly acl: readonly AclItem[];
}

export interface DefaultsCatalog {
  readonly defaults: readonly ActualDefault[];
  /** All privileges of each kind, as this version of PostgreSQL has them. */
  readonly all: Readonly<Partial<Record<AclKind, readonly string[]>>>;
  /** Roles that are there and that the managing login cannot work as. */
  readonly unreachable: readonly string[];
}

/** Kinds of objects that profiles say something about. */
const kinds: readonly AclKind[] = ["r", "S", "f"];

/**
 * The statements that make default privileges what they are to be, for every role of the stack: what its creators make
 * is at once readable and writable by the right roles, and nothing else is given to anybody.
 *
 * PUBLIC's EXECUTE on functions is one of PostgreSQL's own defaults: it can be taken for a role as a whole, not in a
 * schema, as what is said of a schema only adds.
 */
export function planDefaultPrivileges(declaration: PrivilegesDeclaration, catalog: DefaultsCatalog): Plan {
  const ours = ourRoles(declaration);
  const wanted = new Map(wantedDefaults(declaration, catalog).map((one) => [placeKey(one), one]));
  const names = new Set<string | null>([null, ...declaration.schemas.map(({ name }) => name)]);
  // What is said of schemas that nobody declared is left alone.
  const here = catalog.defaults.filter(({ schema }) => names.has(schema));
  const found = new Map(here.map((one) => [placeKey(one), one]));
  const places = new Map(
    [...here.filter(({ role }) => ours.has(role)), ...wanted.values()].map((one) => [placeKey(one), one]),
  );
  const plans = [...places.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([place, one]) =>
      planPlace(declaration, catalog, one, {
        wants: wanted.get(place)?.wants ?? [],
        found: found.get(place)?.acl,
        ours,
      }),
    );
  const reach = { manager: declaration.manager, isOurs: () => true };
  const beyond = plans.flatMap(({ outOfReach }) => outOfReach);
  return joinPlans(
    {
      statements: renderLines(plans.flatMap(({ lines }) => lines)),
      refusals: [],
      undeclared: [...plans.flatMap(({ undeclared }) => undeclared), ...foreignCreators(here, ours)],
    },
    planOutOfReach(reach, beyond),
  );
}

interface Place {
  readonly role: string;
  readonly schema: string | null;
  readonly kind: AclKind;
}

interface WantedDefault extends Place {
  readonly wants: readonly Want[];
}

function wantedDefaults(declaration: PrivilegesDeclaration, { all }: DefaultsCatalog): WantedDefault[] {
  const grants = explicitGrants(declaration);
  const perSchema = declaration.schemas.flatMap(({ name: schema }) =>
    creatorsIn(declaration, schema).flatMap((role) =>
      kinds.map((kind) => ({
        role,
        schema,
        kind,
        wants: [
          ...profileWants(declaration, schema, kind),
          ...schemaWideWants(grants, schema, kind, all[kind] ?? []),
        ],
      })),
    ),
  );
  const creators = [...new Set(perSchema.map(({ role }) => role))];
  return [...perSchema, ...creators.map((role) => ({ role, schema: null, kind: "f" as const, wants: [] }))];
}

interface PlaceContext {
  readonly wants: readonly Want[];
  /** What the server has for the place; undefined: nothing was ever said of it. */
  readonly found: readonly AclItem[] | undefined;
  readonly ours: ReadonlySet<string>;
}

function planPlace(
  declaration: PrivilegesDeclaration,
  { all, unreachable }: DefaultsCatalog,
  { role, schema, kind }: Place,
  { wants, found, ours }: PlaceContext,
): { lines: DefaultLine[]; undeclared: Undeclared[]; outOfReach: OutOfReach[] } {
  const isGlobal = schema === null;
  const builtIn = isGlobal ? builtInDefaults(role, kind, all[kind] ?? []) : [];
  const { changes, foreign } = diffAcl({
    owner: role,
    acl: found ?? builtIn,
    all: isGlobal ? (all[kind] ?? []) : [],
    // Everything but PUBLIC's EXECUTE on functions stays as PostgreSQL has it.
    wants: isGlobal && kind !== "f" ? builtIn : wants,
    isOurs: (grantee) => declaration.authoritative || ours.has(grantee),
  });
  const isBeyond = unreachable.includes(role) && changes.length > 0;
  const object = { word: "DEFAULT PRIVILEGES", sql: `of ${role}`, place: "" };
  return {
    lines: isBeyond
      ? []
      : groupBy(changes, ({ verb, option, grantee }) => key(verb, option, grantee === everybody)).flatMap(
          (group) => defaultLines({ role, schema, kind }, group),
        ),
    outOfReach: isBeyond ? [{ role, object }] : [],
    undeclared: foreign.map((item) => ({
      kind: "default privilege",
      subject: `${item.privilege} on ${nouns[kind]}${isGlobal ? "" : ` in schema ${schema}`} by ${role} for ${item.grantee}`,
      message: "nobody declared it",
    })),
  };
}

/** What objects get without a word: their owner everything, PUBLIC functions and types. */
function builtInDefaults(role: string, kind: AclKind, all: readonly string[]): (AclItem & Want)[] {
  const item = (grantee: string) => (privilege: string) => ({
    grantee,
    grantor: role,
    privilege,
    grantable: false,
    reason: "PostgreSQL's own default",
  });
  const open = kind === "f" || kind === "T" || kind === "l";
  return [...all.map(item(role)), ...(open ? all.map(item(everybody)) : [])];
}

const nouns: Readonly<Record<AclKind, string>> = {
  r: "TABLES",
  S: "SEQUENCES",
  f: "FUNCTIONS",
  T: "TYPES",
  n: "SCHEMAS",
  l: "LANGUAGES",
  L: "LARGE OBJECTS",
};

/** What is to be said of one creating role. */
interface DefaultLine {
  readonly role: string;
  /** What stands behind the role. */
  readonly rest: string;
  readonly reason: string;
  readonly isPublic: boolean;
}

function defaultLines({ role, schema, kind }: Place, changes: readonly AclChange[]): DefaultLine[] {
  const perGrantee = groupBy(changes, ({ grantee }) => grantee).map((same) => ({
    grantee: same[0]?.grantee ?? everybody,
    privileges: [...new Set(same.map(({ privilege }) => privilege))].toSorted().join(", "),
    reason: [...new Set(same.map(({ reason }) => reason))].join("; "),
    change: same[0],
  }));
  return groupBy(perGrantee, ({ privileges }) => privileges).map((same) => {
    const { verb = "GRANT", option = false } = same[0]?.change ?? {};
    const privileges = same[0]?.privileges ?? "";
    const grantees = same.map(({ grantee }) => renderGrantee(grantee)).toSorted();
    const where = schema === null ? "" : `IN SCHEMA ${quoteIdentifier(schema)} `;
    const isPublic = same.some(({ grantee }) => grantee === everybody);
    const what = `${verb === "REVOKE" && option ? "GRANT OPTION FOR " : ""}${privileges} ON ${nouns[kind]}`;
    const to = verb === "GRANT" ? "TO" : "FROM";
    const end = verb === "GRANT" && option ? " WITH GRANT OPTION" : "";
    const opens = isPublic && kind === "f" && schema === null && verb === "REVOKE";
    return {
      role,
      rest: `${where}${verb} ${what} ${to} ${grantees.join(", ")}${end}`,
      reason: opens
        ? "a function runs for whom it was granted to, and for nobody else"
        : [...new Set(same.map(({ reason }) => reason))].join("; "),
      isPublic,
    };
  });
}

/** What is said alike of several creating roles is one statement. */
function renderLines(lines: readonly DefaultLine[]): Statement[] {
  return groupBy(lines, ({ rest, reason }) => key(rest, reason)).map((same) => {
    const roles = [...new Set(same.map(({ role }) => quoteIdentifier(role)))].toSorted();
    const { rest = "", reason = "", isPublic = false } = same[0] ?? {};
    return {
      sql: `ALTER DEFAULT PRIVILEGES FOR ROLE ${roles.join(", ")} ${rest}`,
      reason,
      risk: "access",
      kind: isPublic ? "PUBLIC" : "default privilege",
    };
  });
}

/** What roles do with their own objects that are none of the stack's. */
function foreignCreators(defaults: readonly ActualDefault[], ours: ReadonlySet<string>): Undeclared[] {
  return defaults
    .filter(({ role }) => !ours.has(role))
    .map(({ role, schema, kind }) => ({
      kind: "default privilege",
      subject: `default privileges of ${role} on ${nouns[kind]}${schema === null ? "" : ` in schema ${schema}`}`,
      message: "nobody declared them",
    }));
}

function placeKey({ role, schema, kind }: Place): string {
  return key(role, schema ?? undefined, kind);
}

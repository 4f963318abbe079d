import { cannotSay, fail, manual, none, notApplicable, pass, type Control } from "./control";
import type { DeclaredSecurity, RoleFact, SecurityFacts } from "./facts";

const of = (id: string, title: string, page: string, mend: string) => ({
  id: `users.${id}`,
  area: "users" as const,
  title,
  source: manual(page),
  mend,
});

type Attribute = "createRole" | "createDatabase" | "replication" | "bypassRowLevelSecurity";

/** An attribute of a role that only those have of whom it is declared. */
function attribute(id: string, title: string, name: Attribute): Control {
  return {
    ...of(
      id,
      title,
      "role-attributes.html",
      "`up` takes it back from declared roles; of others: ALTER ROLE … by the administrator",
    ),
    judge: ({ roles, declared }) => {
      const allowed = new Set(declared.roles.filter((role) => role[name]).map((role) => role.name));
      const wrong = roles.filter((role) => role[name] && !isOwn(role, declared) && !allowed.has(role.name));
      return none(
        wrong.map((role) => role.name),
        allowed.size === 0 ? "no role" : `declared roles only: ${[...allowed].join(", ")}`,
      );
    },
  };
}

function isOwn({ name, superuser }: RoleFact, { administrator }: DeclaredSecurity): boolean {
  return name === administrator || superuser;
}

/** Predefined roles that reach beyond one database's own privileges. */
const dangerous = [
  "pg_execute_server_program",
  "pg_read_server_files",
  "pg_write_server_files",
  "pg_read_all_data",
  "pg_write_all_data",
  "pg_create_subscription",
  "pg_signal_autovacuum_worker",
];

export const usersControls: readonly Control[] = [
  {
    ...of(
      "superusers",
      "the administrator is the only superuser",
      "role-attributes.html",
      "ALTER ROLE … NOSUPERUSER, and find out who made it one",
    ),
    judge: ({ roles, declared }) => {
      const others = roles.filter(({ name, superuser }) => superuser && name !== declared.administrator);
      return none(
        others.map(({ name }) => name),
        declared.administrator,
      );
    },
  },
  attribute("createrole", "only declared roles make roles", "createRole"),
  attribute("createdb", "only declared roles make databases", "createDatabase"),
  attribute("bypassrls", "only declared roles pass by row level security", "bypassRowLevelSecurity"),
  {
    ...of(
      "predefined",
      "predefined roles that read or write everything have declared members only",
      "predefined-roles.html",
      "REVOKE the role, or declare the membership (memberOf, profile)",
    ),
    judge: ({ roles, declared }) => {
      const known = new Map(declared.roles.map(({ name, predefined }) => [name, predefined]));
      const wrong = roles.flatMap(({ name, predefined }) =>
        predefined
          .filter((role) => dangerous.includes(role) && known.get(name)?.includes(role) !== true)
          .map((role) => `${name} in ${role}`),
      );
      return none(wrong, "declared members only");
    },
  },
  {
    ...of(
      "public-database",
      "PUBLIC may not connect to a database, nor make temporary tables or schemas in it",
      "ddl-priv.html",
      "`up` takes it from PUBLIC, unless keepPrivileges is declared",
    ),
    judge: ({ databases, declared }) => {
      const ours = new Set(declared.databases.map(({ name }) => name));
      const seen = databases.filter(({ name }) => declared.target !== "existing" || ours.has(name));
      const wrong = seen.flatMap(({ name, public: privileges }) =>
        privileges.map((privilege) => `${privilege} on ${name}`),
      );
      return none(wrong, "no privilege");
    },
  },
  inside(
    "public-schema",
    "PUBLIC makes no objects in any schema",
    "ddl-schemas.html#DDL-SCHEMAS-PATTERNS",
    "REVOKE CREATE ON SCHEMA … FROM PUBLIC; `up` does so for declared schemas",
    ({ publicSchemas }) => publicSchemas,
  ),
  inside(
    "definer",
    "functions with the rights of their owner have a search_path of their own",
    "sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY",
    "ALTER FUNCTION … SET search_path = pg_catalog, …, pg_temp",
    ({ definers }) => definers,
  ),
  {
    ...of(
      "passwords",
      "passwords are kept as SCRAM verifiers",
      "auth-password.html",
      "set the password again: pgstead sends SCRAM verifiers only",
    ),
    judge: ({ roles }) => {
      if (roles.some(({ password }) => password === undefined))
        return cannotSay("verifiers are for superusers to see");
      const weak = roles.filter(({ password }) => password !== null && password !== "scram-sha-256");
      return none(
        weak.map(({ name, password }) => `${name}: ${password ?? ""}`),
        "scram-sha-256 only",
      );
    },
  },
  {
    ...of(
      "connection-limits",
      "logins of programs have a limit of sessions",
      "sql-createrole.html",
      "declare connectionLimit of the role",
    ),
    judge: ({ roles, declared }) => {
      const migrators = new Set(declared.roles.filter(({ migrator }) => migrator).map(({ name }) => name));
      const open = roles.filter(
        (role) =>
          role.login && role.connectionLimit < 0 && !isOwn(role, declared) && !migrators.has(role.name),
      );
      return none(
        open.map(({ name }) => name),
        "every login but the administrator and the migrators",
      );
    },
  },
];

type Inside = NonNullable<SecurityFacts["databases"][number]["inside"]>;

/** What is looked for inside of every declared database. */
function inside(
  id: string,
  title: string,
  page: string,
  mend: string,
  find: (inside: Inside) => readonly string[],
): Control {
  return {
    ...of(id, title, page, mend),
    judge: ({ databases }) => {
      const seen = databases.flatMap(({ name, inside: content }) =>
        content === undefined ? [] : [{ name, content }],
      );
      if (seen.length === 0) return notApplicable("no declared database is there");
      const wrong = seen.flatMap(({ name, content }) => find(content).map((what) => `${name}: ${what}`));
      return wrong.length === 0
        ? pass(`none in ${seen.map(({ name }) => name).join(", ")}`)
        : fail(wrong.join(", "));
    },
  };
}

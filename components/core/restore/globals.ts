import { quoteIdentifier } from "../identifier";
import { unquote } from "./dump-statements";

/** A membership of a role that is made. */
export interface RestoredMembership {
  readonly role: string;
  readonly member: string;
  /** As pg_dumpall wrote it, with who granted it. */
  readonly sql: string;
  /** By whoever restores: for where its grantor is not what it was. */
  readonly ownSql: string;
}

/** What makes the roles that a server lacks. */
export interface RolesPlan {
  readonly made: readonly string[];
  /** In their order, before the memberships. */
  readonly statements: readonly string[];
  readonly memberships: readonly RestoredMembership[];
  /** In their order, after the memberships. */
  readonly grants: readonly string[];
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

const identifier = String.raw`("(?:[^"]|"")*"|[^\s";,()]+)`;

const forms = {
  create: new RegExp(`^CREATE ROLE ${identifier};$`),
  attributes: new RegExp(`^ALTER ROLE ${identifier} WITH ([^']*)`),
  setting: new RegExp(`^ALTER ROLE ${identifier} SET `),
  comment: new RegExp(`^COMMENT ON ROLE ${identifier} IS `),
  label: new RegExp(`^SECURITY LABEL FOR ${identifier.replace("(", "(?:")} ON ROLE ${identifier} IS `),
  membership: new RegExp(
    `^GRANT ${identifier} TO ${identifier}(?: WITH (.*?))?(?: GRANTED BY ${identifier})?;$`,
  ),
  parameter: new RegExp(`^GRANT [A-Z, ]+ ON PARAMETER .* TO ${identifier}(?: WITH GRANT OPTION)?;$`),
  tablespace: new RegExp(`^CREATE TABLESPACE ${identifier} `),
} as const;

/**
 * Decides what of a server's globals is run: the roles that are not there, with their settings and memberships. Nothing is
 * done to a role that is there; a role that is a superuser comes without its login.
 *
 * @param globals statements of pg_dumpall
 * @param existing roles that the server has
 */
export function planRoles(globals: readonly string[], existing: ReadonlySet<string>): RolesPlan {
  const created = globals.flatMap((text) => nameIn(forms.create, text));
  const made = created.filter((name) => !existing.has(name));
  const isMade = (name: string | undefined): boolean => name !== undefined && made.includes(name);
  const superusers = made.filter((name) => globals.some((text) => isSuperuser(text, name)));
  const of = (form: RegExp): string[] => globals.filter((text) => isMade(nameIn(form, text)[0]));
  const memberships = globals.flatMap(membershipOf);
  const left = memberships.filter(({ member, role }) => !isMade(member) && isMade(role));
  return {
    made,
    statements: [
      ...of(forms.create),
      ...of(forms.attributes).map(asNew),
      ...of(forms.setting),
      ...of(forms.comment),
      ...of(forms.label),
    ],
    memberships: memberships.filter(({ member }) => isMade(member)),
    grants: of(forms.parameter),
    notes: [
      ...superusers.map(
        (name) =>
          `role ${name} is a superuser: it was made without LOGIN; give it back by hand if you want it`,
      ),
      ...left.map(({ role, member }) => `role ${member} was there: it was not made a member of ${role}`),
    ],
  };
}

/** Tablespaces of a server's globals. */
export function tablespacesOf(globals: readonly string[]): string[] {
  return globals.flatMap((text) => nameIn(forms.tablespace, text));
}

function nameIn(form: RegExp, text: string): string[] {
  const name = form.exec(text)?.[1];
  return name === undefined ? [] : [unquote(name)];
}

function isSuperuser(text: string, name: string): boolean {
  const [, found = "", attributes = ""] = forms.attributes.exec(text) ?? [];
  return unquote(found) === name && /\bSUPERUSER\b/.test(attributes);
}

/** Attributes that only a superuser may name are those that a new role has anyway. */
function asNew(text: string): string {
  const [head = ""] = forms.attributes.exec(text) ?? [];
  const withoutDefaults = head.replace(/ NO(?:SUPERUSER|REPLICATION|BYPASSRLS)\b/g, "");
  const safe = /\bSUPERUSER\b/.test(head) ? withoutDefaults.replace(/ LOGIN\b/, " NOLOGIN") : withoutDefaults;
  return safe + text.slice(head.length);
}

function membershipOf(text: string): RestoredMembership[] {
  const [, role, member, options] = forms.membership.exec(text) ?? [];
  if (role === undefined || member === undefined) return [];
  const granted = `GRANT ${quoteIdentifier(unquote(role))} TO ${quoteIdentifier(unquote(member))}`;
  const ownSql = options === undefined ? granted : `${granted} WITH ${options}`;
  return [{ role: unquote(role), member: unquote(member), sql: text, ownSql }];
}

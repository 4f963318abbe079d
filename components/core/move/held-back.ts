import { identifier, unquote } from "../restore/dump-statements";

/**
 * When a statement of a backup runs in a copy for another environment. `later`: once it is masked, as it would compute from
 * rows, call another server or run for whoever connects; `never`: it logs in at another server, or tells values of rows.
 */
export type Turn = "now" | "later" | "never";

const eventTrigger = String.raw`EVENT TRIGGER`;

const statements = {
  never:
    /^(?:(?:CREATE|ALTER) SUBSCRIPTION |(?:COMMENT|SECURITY LABEL FOR \S+) ON SUBSCRIPTION |(?:CREATE|ALTER) USER MAPPING |SELECT (?:\* FROM )?pg_catalog\.pg_restore_\w+_stats\()/,
  later: new RegExp(
    `^(?:REFRESH MATERIALIZED VIEW |(?:CREATE|ALTER) ${eventTrigger} |(?:COMMENT|SECURITY LABEL FOR \\S+) ON ${eventTrigger} )`,
  ),
};

const entries = {
  never: /^(?:SUBSCRIPTION|SUBSCRIPTION TABLE|USER MAPPING|STATISTICS DATA) |^\w[\w ]* - SUBSCRIPTION /,
  later: new RegExp(
    `^MATERIALIZED VIEW DATA |^${eventTrigger} - |^(?:COMMENT|SECURITY LABEL) - ${eventTrigger} `,
  ),
};

/** @param statement as pg_dump writes it, without comments before it */
export function turnOf(statement: string): Turn {
  return turnBy(statements, statement);
}

/** @param rest what `pg_restore --list` says of an entry, behind its numbers */
export function turnOfEntry(rest: string): Turn {
  return turnBy(entries, rest);
}

function turnBy({ never, later }: typeof statements, text: string): Turn {
  if (never.test(text)) return "never";
  return later.test(text) ? "later" : "now";
}

const subscription = new RegExp(`^CREATE SUBSCRIPTION ${identifier}`);
const mapping = new RegExp(`^CREATE USER MAPPING FOR (${identifier}) SERVER (${identifier})`);

/** `subscription incoming`: what a copy has no part of, without its password; undefined: nothing of its own. */
export function leftOut(statement: string): string | undefined {
  const [found] = subscription.exec(statement) ?? [];
  if (found !== undefined) return `subscription ${unquote(found.slice("CREATE SUBSCRIPTION ".length))}`;
  const [, user, server] = mapping.exec(statement) ?? [];
  return user === undefined || server === undefined
    ? undefined
    : `user mapping of ${unquote(user)} for server ${unquote(server)}`;
}

/** `search_path`, or `work_mem of role app`: what a statement sets for a database; undefined: it sets nothing. */
export function settingOf(statement: string): string | undefined {
  const [, role, name] =
    new RegExp(
      `^ALTER (?:DATABASE|ROLE (${identifier}) IN DATABASE) ${identifier} SET (${identifier}|[\\w.]+) TO `,
    ).exec(statement) ?? [];
  if (name === undefined) return undefined;
  return role === undefined ? unquote(name) : `${unquote(name)} of role ${unquote(role)}`;
}

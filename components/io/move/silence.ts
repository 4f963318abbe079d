import type { Session } from "../session";

/**
 * Works where no trigger and no rule of any table sees it, also none that always acts: it could keep a row as it is, or save
 * it elsewhere. They are as they were afterwards.
 *
 * @param session in a transaction, as a superuser and a replica
 */
export async function silenceWhile<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  const acting = await session.query<{ off: string; on: string }>(actingSql);
  for (const { off } of acting) await session.query(off);
  const result = await work();
  for (const { on } of acting) await session.query(on);
  return result;
}

const actingSql = `
SELECT pg_catalog.format('ALTER TABLE ONLY %s DISABLE %s %I', a.relation, a.kind, a.name) AS "off",
  pg_catalog.format('ALTER TABLE ONLY %s ENABLE %s %s %I', a.relation,
    CASE a.acts WHEN 'A' THEN 'ALWAYS' ELSE 'REPLICA' END, a.kind, a.name) AS "on"
FROM (
  SELECT tgrelid::pg_catalog.regclass AS relation, 'TRIGGER' AS kind, tgname AS name, tgenabled AS acts
  FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
  UNION ALL
  SELECT ev_class::pg_catalog.regclass, 'RULE', rulename, ev_enabled FROM pg_catalog.pg_rewrite) AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.relation
WHERE a.acts IN ('A', 'R') AND c.relkind IN ('r', 'p')
ORDER BY a.relation::oid, a.name`;

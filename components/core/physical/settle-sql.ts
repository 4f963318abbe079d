import { quoteLiteral } from "../identifier";
import { recoverySettingNames } from "./recovery-settings";

/**
 * For psql: prints a script that gives the roles of another state of the server the verifiers that they have now. It
 * names only those that are there, and changes only those that differ.
 *
 * @param silence settings that keep the statements out of logs
 */
export function verifiersSql(silence: readonly (readonly [string, string])[]): string {
  const quiet = silence.map(([name, value]) => `SET ${name} = '${value}';`).join(" ");
  const change = `SELECT pg_catalog.format('ALTER ROLE %I PASSWORD %L', v.name, v.verifier) FROM (VALUES `;
  const where = `) AS v (name, verifier) JOIN pg_catalog.pg_authid AS a ON a.rolname = v.name
    AND a.rolpassword IS DISTINCT FROM v.verifier`.replace(/\s+/g, " ");
  // \\gexec is for the script, and must not end the line here.
  return `SELECT ${quoteLiteral(quiet)} || E'\\n' || ${quoteLiteral(change)}
  || pg_catalog.string_agg(pg_catalog.format('(%L, %L)', rolname, rolpassword), ', ')
  || ${quoteLiteral(where)} || E' \\\\gexec\\n'
FROM pg_catalog.pg_authid WHERE rolpassword IS NOT NULL;
`;
}

/** For psql: takes the settings of a recovery that has ended out of postgresql.auto.conf. */
export function endRecoverySql(): string {
  const names = recoverySettingNames.map(quoteLiteral).join(", ");
  return `SELECT DISTINCT pg_catalog.format('ALTER SYSTEM RESET %I', name)
FROM pg_catalog.pg_file_settings
WHERE sourcefile LIKE '%/postgresql.auto.conf' AND (name IN (${names}) OR name = 'hot_standby' AND setting = 'off') \\gexec
SELECT pg_catalog.pg_reload_conf();
`;
}

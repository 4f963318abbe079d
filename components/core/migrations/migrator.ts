/** A role of a database, as far as it may be the one who migrates it. */
interface MigratingRole {
  readonly name: string;
  readonly migrator?: boolean;
  readonly login?: boolean;
  /** True: the server has a password that nobody here knows. */
  readonly keepPassword?: boolean;
  readonly retired?: unknown;
}

/**
 * The login that applies a database's migrations: its migrator, where there is one that this program can log in as. Else
 * the administrator does it, who has to be able to become the owner.
 *
 * @returns its name; undefined: the administrator
 */
export function findMigrator(roles: readonly MigratingRole[]): string | undefined {
  return roles.find(
    ({ migrator, login, keepPassword, retired }) =>
      migrator === true && login === true && keepPassword !== true && retired === undefined,
  )?.name;
}

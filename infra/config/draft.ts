import type { WrittenDatabase } from "./schema";
import type { DatabaseConfig } from "./stack-config";

/** A database as it was written, and where. */
export interface Draft {
  readonly path: readonly string[];
  /** Where its roles stand, which the short form has at the top. */
  readonly rolesPath: readonly string[];
  /** Where its migrations stand, as the roles. */
  readonly migrationsPath: readonly string[];
  /** Where its trail stands, likewise. */
  readonly auditPath: readonly string[];
  readonly name: string | undefined;
  readonly written: WrittenDatabase;
  readonly config: DatabaseConfig;
}

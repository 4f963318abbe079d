import type { AuditDeclaration } from "../audit/model";
import type { DatabaseAccess } from "../database/model";
import type { DesiredHba } from "../hba/plan";
import type { ServerAccess } from "../server/model";
import { problemError } from "../problem";
import type { DesiredSettingsOfServer } from "../settings/plan";

/**
 * All that a stack declares and that SQL alone can compare with the server, resolved: plain values, without passwords, so
 * that it can be written down for a program that has no configuration. Options of pg_hba.conf may be secret.
 */
export interface DeclaredAccess {
  readonly server: ServerAccess;
  /** Absent: settings are left alone. */
  readonly settings?: DesiredSettingsOfServer;
  /** Absent: pg_hba.conf is left alone. */
  readonly hostBasedAccess?: DesiredHba;
  readonly databases: readonly DeclaredDatabaseAccess[];
}

export interface DeclaredDatabaseAccess {
  readonly access: DatabaseAccess;
  /** The managing login. */
  readonly manager: string;
  /** Absent: nothing is recorded. */
  readonly audit?: AuditDeclaration;
}

/** As a file for a program without the configuration: the same declaration gives the same text. */
export function renderDeclaredAccess(declared: DeclaredAccess, version: string): string {
  return `${JSON.stringify({ version, declared })}\n`;
}

/**
 * Reads that file. What is in it is not looked at piece by piece: the same version of this program wrote it.
 *
 * @param file its name, for errors
 * @throws ProblemError where it is of another version, or cut off
 */
export function parseDeclaredAccess(text: string, file: string, version: string): DeclaredAccess {
  const hint = "it is written by `up`: run it again with the version of pgstead that made this container";
  const written = parseWritten(text);
  if (written === undefined) throw problemError(file, "is no declaration of a stack", hint);
  if (written.version !== version) {
    const message = `is written by pgstead ${written.version}; this container is of pgstead ${version}`;
    throw problemError(file, message, hint);
  }
  return written.declared;
}

interface Written {
  readonly version: string;
  readonly declared: DeclaredAccess;
}

function parseWritten(text: string): Written | undefined {
  try {
    const value = JSON.parse(text) as Partial<Written> | null;
    if (typeof value?.version !== "string" || typeof value.declared !== "object") return undefined;
    return value as Written;
  } catch {
    return undefined; // cut off
  }
}

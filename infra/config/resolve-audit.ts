import { parseRetention } from "../../components/core/audit/months";
import { parseSqlName } from "../../components/core/privileges/name";
import type { WrittenDatabase } from "./schema";
import type { AuditConfig } from "./stack-config";

export type WrittenAudit = NonNullable<WrittenDatabase["audit"]>;

/** Key of the role that owns the trail, and name of its schema. */
export const auditKey = "audit";

/** @param owner name on the server of the trail's owner */
export function resolveAudit(written: WrittenAudit, owner: string): AuditConfig {
  const retention = written.retention === undefined ? undefined : parseRetention(written.retention);
  return {
    owner,
    schemas: written.schemas.toSorted(),
    tables: Object.entries(written.tables)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([path, { audited, exclude }]) => {
        const [schema, name] = parseSqlName(path)?.path ?? [];
        if (schema === undefined || name === undefined) return [];
        return [{ schema, name, audited, exclude }];
      }),
    ...(retention === undefined ? {} : { retention }),
    ddl: written.ddl,
    pgaudit: written.pgaudit,
  };
}

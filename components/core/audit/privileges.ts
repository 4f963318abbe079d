import { quoteIdentifier } from "../identifier";
import type { AclItem } from "../privileges/acl";
import { everybody } from "../privileges/acl";
import type { Statement } from "../statement";
import { functionName } from "./functions";
import { auditSchema, type AuditCatalog, type AuditDeclaration } from "./model";

/**
 * The statements that leave the trail to its owner: others may read it, and nothing else. Who reads is for the schema's
 * readers to say, which is no matter of this.
 */
export function planTrailPrivileges(declaration: AuditDeclaration, catalog: AuditCatalog): Statement[] {
  const { owner } = declaration;
  const schema = quoteIdentifier(auditSchema);
  return [
    ...catalog.members.map((one) => removeMember(owner, catalog.major, one)),
    ...ownRelations(catalog, owner),
    ...revoke(`SCHEMA ${schema}`, catalog.schemaAcl ?? [], owner, ["USAGE"]),
    ...catalog.relations.flatMap(({ name, kind, acl, owner: has }) => {
      const place = `${schema}.${quoteIdentifier(name)}`;
      // PUBLIC reads nothing of a trail.
      return kind === "S"
        ? revoke(`SEQUENCE ${place}`, acl, has, ["SELECT"])
        : revoke(`TABLE ${place}`, acl, has, ["SELECT"]);
    }),
    ...catalog.functions
      .filter((found) => found.schema === auditSchema)
      .flatMap((found) =>
        revoke(
          `FUNCTION ${functionName(found)}`,
          // What PUBLIC has is told with the function.
          found.acl.filter(({ grantee }) => grantee !== everybody),
          found.owner,
          [],
        ),
      ),
  ];
}

function removeMember(
  owner: string,
  major: number,
  { member, grantor }: AuditCatalog["members"][number],
): Statement {
  // Before 16 a pair has one row, and who granted it does not matter.
  const by = major < 16 ? "" : ` GRANTED BY ${quoteIdentifier(grantor)}`;
  return {
    sql: `REVOKE ${quoteIdentifier(owner)} FROM ${quoteIdentifier(member)}${by} CASCADE`,
    reason: `who belongs to ${owner} could change the trail (by ${grantor})`,
    risk: "access",
    kind: "membership",
  };
}

/** The trail and its partitions belong to nobody else. */
function ownRelations({ relations }: AuditCatalog, owner: string): Statement[] {
  return relations
    .filter((found) => found.owner !== owner && (found.kind === "r" || found.kind === "p"))
    .map(({ name, owner: has }) => ({
      sql: `ALTER TABLE ${quoteIdentifier(auditSchema)}.${quoteIdentifier(name)} OWNER TO ${quoteIdentifier(owner)}`,
      reason: `the server has owner ${has}`,
      risk: "lock",
      kind: "owner",
    }));
}

/** One REVOKE for each who has more than others may. */
function revoke(
  target: string,
  acl: readonly AclItem[],
  owner: string,
  allowed: readonly string[],
): Statement[] {
  const excess = acl.filter(
    ({ grantee, privilege }) => grantee !== owner && (grantee === everybody || !allowed.includes(privilege)),
  );
  const grantees = [...new Set(excess.map(({ grantee }) => grantee))].toSorted();
  return grantees.map((grantee) => {
    const has = excess.filter((item) => item.grantee === grantee).map(({ privilege }) => privilege);
    const from = grantee === everybody ? "PUBLIC" : quoteIdentifier(grantee);
    return {
      sql: `REVOKE ${[...new Set(has)].toSorted().join(", ")} ON ${target} FROM ${from} CASCADE`,
      reason: "nobody but its owner writes to the trail, by its functions alone",
      risk: "access",
      kind: grantee === everybody ? "PUBLIC" : "privilege",
    };
  });
}

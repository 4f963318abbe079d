import { byName } from "../lists";
import { joinPlans, type Plan, type Statement } from "../statement";
import { diffAcl, withOwner, type AclItem } from "./acl";
import { planDefaultPrivileges, type DefaultsCatalog } from "./default-privileges";
import { ourRoles, profileWants, publicWants, type PrivilegesDeclaration } from "./declaration";
import { explicitGrants, explicitWants, wayWants, type Named } from "./grants";
import { planOutOfReach } from "./reach";
import { renderChanges, renderForeign, targetOf } from "./statements";

/** A schema's owner and privileges. */
export interface ActualSchemaAcl {
  readonly name: string;
  readonly owner: string;
  readonly acl: readonly AclItem[];
}

export interface SchemaPrivilegesCatalog extends DefaultsCatalog {
  readonly schemas: readonly ActualSchemaAcl[];
}

/**
 * The statements that make the privileges of declared schemas, and the defaults of what is made in them, what they are
 * to be. A schema that is not there yet has none but its owner's.
 */
export function planSchemaPrivileges(
  declaration: PrivilegesDeclaration,
  catalog: SchemaPrivilegesCatalog,
): Plan {
  const plans = byName(declaration.schemas).map((schema) => planSchema(declaration, catalog, schema));
  const defaults = planDefaultPrivileges(declaration, catalog);
  const statements: Statement[] = renderChanges(plans.flatMap(({ changes }) => changes));
  const told = renderForeign(plans.flatMap(({ foreign }) => foreign));
  const ours = ourRoles(declaration);
  const reach = { manager: declaration.manager, isOurs: (role: string) => ours.has(role) };
  const beyond = plans.flatMap(({ outOfReach }) => outOfReach);
  return joinPlans({ statements, refusals: [], undeclared: told }, planOutOfReach(reach, beyond), defaults);
}

function planSchema(
  declaration: PrivilegesDeclaration,
  { schemas, all, unreachable }: SchemaPrivilegesCatalog,
  { name, owner: declaredOwner }: PrivilegesDeclaration["schemas"][number],
) {
  const ours = ourRoles(declaration);
  const grants = explicitGrants(declaration);
  const owner = declaredOwner ?? declaration.owner;
  const privileges = all.n ?? ["USAGE", "CREATE"];
  const born = privileges.map((privilege) => ({
    grantee: owner,
    grantor: owner,
    privilege,
    grantable: false,
  }));
  const found = schemas.find((schema) => schema.name === name);
  const named: Named = { kind: "n", schema: "", name };
  const object = { ...targetOf(named), place: name };
  const { changes, foreign } = diffAcl({
    owner,
    all: privileges,
    acl: found === undefined ? born : withOwner(found.acl, found.owner, owner),
    wants: [
      ...profileWants(declaration, name, "n"),
      ...publicWants(declaration, name, "n"),
      ...explicitWants(grants, named, privileges),
      ...wayWants(grants, name),
    ],
    isOurs: (grantee) => declaration.authoritative || ours.has(grantee),
  });
  const told = foreign.map((item) => ({ item, object }));
  // Of a database's own owner PostgreSQL says that it belongs to pg_database_owner.
  const roles = [found?.owner ?? owner, owner].map((role) =>
    role === "pg_database_owner" ? declaration.owner : role,
  );
  const beyond = roles.find((role) => unreachable.includes(role));
  if (beyond !== undefined && changes.length > 0) {
    return { changes: [], foreign: told, outOfReach: [{ role: beyond, object }] };
  }
  return { changes: changes.map((change) => ({ ...change, object })), foreign: told, outOfReach: [] };
}

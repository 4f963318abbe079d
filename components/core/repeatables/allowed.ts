import { contentOf, type NodeOf } from "../migrations/ast";
import type { MigrationStatement } from "../migrations/statements";
import type { Problem } from "../problem";
import {
  describeObject,
  droppedObjects,
  isSameObject,
  madeObject,
  nameOf,
  relationName,
  type DatabaseObject,
  type ObjectName,
} from "./objects";
import { namesOf } from "../migrations/ast";

type Told = Omit<Problem, "path">;

const inMigration = "write it as a migration: `npm run ops -- migrate create`";

/** What a repeatable file may not hold, as it could not run a second time, or would take something for good. */
export function refuseUnrepeatable(
  { node }: Pick<MigrationStatement, "node">,
  made: readonly DatabaseObject[],
): Told[] {
  const object = madeObject(node);
  if (object !== undefined) return [...refuseMaking(node, object, made), ...refuseUnqualified(object)];
  const drop = contentOf(node, "DropStmt");
  if (drop !== undefined) return refuseDrop(drop, made);
  const grant = contentOf(node, "GrantStmt");
  if (grant !== undefined) return refuseGrant(grant, made);
  const altered = contentOf(node, "AlterFunctionStmt")?.func;
  if (altered !== undefined) {
    const { name, schema } = nameOf(namesOf(altered.objname));
    const isOwn = made.some((one) => one.takes !== undefined && one.name === name && one.schema === schema);
    return isOwn ? [] : [notOwn(`ALTER FUNCTION ${name}`)];
  }
  return "CommentStmt" in node ? [] : [cannotRepeat("this statement")];
}

function refuseMaking(
  node: MigrationStatement["node"],
  object: DatabaseObject,
  made: readonly DatabaseObject[],
): Told[] {
  const words = describeObject(object);
  const replace = (kind: string): Told => ({
    message: `${words} is made once: a second run would fail`,
    hint: `write CREATE OR REPLACE ${kind}`,
  });
  switch (object.kind) {
    case "function":
    case "procedure":
      return contentOf(node, "CreateFunctionStmt")?.replace === true
        ? []
        : [replace(object.kind.toUpperCase())];
    case "view": {
      if (contentOf(node, "ViewStmt")?.view?.relpersistence === "t")
        return [cannotRepeat("a temporary view")];
      return contentOf(node, "ViewStmt")?.replace === true ? [] : [replace("VIEW")];
    }
    case "trigger": {
      const { replace: isReplaced, isconstraint: isConstraint } = contentOf(node, "CreateTrigStmt") ?? {};
      if (isConstraint === true) return [cannotRepeat("a constraint trigger")];
      return isReplaced === true ? [] : [replace("TRIGGER")];
    }
    case "materialized view":
      return contentOf(node, "CreateTableAsStmt")?.if_not_exists === true
        ? [
            {
              message: `${words} would keep its old text`,
              hint: "write DROP MATERIALIZED VIEW IF EXISTS before it, and no IF NOT EXISTS",
            },
          ]
        : [];
    case "index":
      return refuseIndex(node, object, made);
  }
}

function refuseIndex(
  node: MigrationStatement["node"],
  { name, on }: DatabaseObject,
  made: readonly DatabaseObject[],
): Told[] {
  const isOwn = made.some(
    (one) => one.kind === "materialized view" && one.name === on?.name && one.schema === on.schema,
  );
  if (!isOwn) return [notOwn(`index ${name}`)];
  const { concurrent, if_not_exists: maybe } = contentOf(node, "IndexStmt") ?? {};
  if (name === "")
    return [{ message: "makes an index without a name", hint: "name it, so that it is known again" }];
  const hint = "leave it out: the view is new, and nobody reads it yet";
  if (concurrent === true)
    return [{ message: `index ${name} is built CONCURRENTLY, which no transaction can do`, hint }];
  return maybe === true ? [{ message: `index ${name} is made IF NOT EXISTS`, hint }] : [];
}

function refuseUnqualified({ kind, name, schema, on }: DatabaseObject): Told[] {
  const isKnown = kind === "trigger" ? on?.schema !== undefined : schema !== undefined;
  if (isKnown) return [];
  return [
    {
      message: `${kind} ${name} has no schema`,
      hint: "write the schema: where it goes must not depend on a search path",
    },
  ];
}

function refuseDrop(drop: NodeOf<"DropStmt">, made: readonly DatabaseObject[]): Told[] {
  const objects = droppedObjects(drop);
  if (objects === undefined) return [cannotRepeat("DROP of this")];
  const gone = objects.filter((object) => !made.some((one) => isSameObject(object, one)));
  return [
    ...gone.map((object) => ({
      message: `drops ${describeObject(object)}, which this file does not make anew`,
      hint: inMigration,
    })),
    ...(drop.missing_ok === true
      ? []
      : [{ message: "drops what may not be there", hint: "write DROP … IF EXISTS" }]),
    ...(drop.behavior === "DROP_CASCADE"
      ? [
          {
            message: "drops with CASCADE whatever depends on it",
            hint: "leave CASCADE out: what repeatable files make is dropped and made anew, and what they do not is told",
          },
        ]
      : []),
  ];
}

function refuseGrant(
  { targtype, objtype, objects = [] }: NodeOf<"GrantStmt">,
  made: readonly DatabaseObject[],
): Told[] {
  if (targtype !== "ACL_TARGET_OBJECT") return [cannotRepeat("a privilege on all of a kind")];
  const names = objects.map((object): ObjectName => {
    const code = contentOf(object, "ObjectWithArgs");
    return code === undefined ? relationName(contentOf(object, "RangeVar")) : nameOf(namesOf(code.objname));
  });
  const isCode = /FUNCTION|PROCEDURE|ROUTINE/.test(objtype ?? "");
  if (!isCode && objtype !== "OBJECT_TABLE") return [cannotRepeat("a privilege on this")];
  const isOwn = ({ name, schema }: ObjectName): boolean =>
    made.some((one) => one.name === name && one.schema === schema && (one.takes !== undefined) === isCode);
  return names.filter((name) => !isOwn(name)).map(({ name }) => notOwn(`a privilege on ${name}`));
}

function notOwn(words: string): Told {
  return {
    message: `${words}: this file does not make it`,
    hint: `move it to the file that does, or ${inMigration}`,
  };
}

function cannotRepeat(words: string): Told {
  return {
    message: `${words} cannot be applied again and again`,
    hint: `${inMigration}; here may be CREATE OR REPLACE of functions, procedures, views and triggers, DROP … IF EXISTS before them and before CREATE MATERIALIZED VIEW, its indexes, COMMENT, GRANT and REVOKE`,
  };
}

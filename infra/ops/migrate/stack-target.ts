import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMap, isScalar, parseDocument, Scalar, type Document, type YAMLMap } from "yaml";
import { problemError } from "../../../components/core/problem";
import { replaceFile } from "../../../components/io/replace-file";
import type { StackConfig } from "../../config";
import { namedIn, renderDocument } from "../stack-document";

/** Which target is written, and where. */
export interface TargetChange {
  readonly database: string;
  readonly target: string;
}

/**
 * Writes a target into a stack's file, so that the next `up` does not apply again what was taken back. Comments, order
 * and layout stay.
 *
 * @returns the key that was written, and its file; undefined where it says so already
 */
export async function writeTarget(
  root: string,
  config: Pick<StackConfig, "stack" | "several" | "databases">,
  change: TargetChange,
): Promise<{ readonly file: string; readonly key: string } | undefined> {
  const file = `Pulumi.${config.stack}.yaml`;
  const path = join(root, file);
  const text = await readFile(path, "utf8");
  const { text: changed, key } = setTarget(text, file, config.several, change);
  if (changed === text) return undefined;
  await replaceFile(path, changed, (await stat(path)).mode & 0o777);
  return { file, key };
}

/** The text with the target in it. Pure. */
export function setTarget(
  text: string,
  file: string,
  several: boolean,
  { database, target }: TargetChange,
): { readonly text: string; readonly key: string } {
  const document = parseDocument(text);
  const config = document.get("config");
  if (document.errors.length > 0 || !isMap(config)) {
    throw problemError(
      file,
      "has no map `config`",
      `write target: "${target}" below pgstead:migrations by hand`,
    );
  }
  const path = pathOf(config, several, database);
  const key = [...path, "target"].join(".");
  if (config.getIn([...path, "target"]) === target) return { text, key };
  setBelow(document, config, path, target);
  return { text: renderDocument(document, text), key };
}

/** Where the migrations of a database stand: where there are some, else in the short form, if the stack has one. */
function pathOf(config: YAMLMap, several: boolean, database: string): string[] {
  const named = (key: string): string => namedIn(config, key);
  if (several) return [named("databases"), database, "migrations"];
  const inside = [named("database"), "migrations"];
  return config.hasIn(inside) ? inside : [named("migrations")];
}

function setBelow(document: Document, config: YAMLMap, path: readonly string[], target: string): void {
  const known = config.getIn([...path, "target"], true);
  // What is there keeps its comment.
  const value = isScalar(known) ? known : new Scalar<unknown>(target);
  value.value = target;
  // A number in YAML would lose its zeros.
  value.type = Scalar.QUOTE_DOUBLE;
  if (isMap(config.getIn(path))) config.setIn([...path, "target"], value);
  else config.setIn(path, document.createNode({ target: value }));
}

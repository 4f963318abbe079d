import { isMap, isScalar, parseDocument, Scalar, type Document, type YAMLMap } from "yaml";
import { problemError, type ProblemError } from "../../../components/core/problem";
import type { StackConfig } from "../../config";
import { namedIn, renderDocument } from "../stack-document";
import { parseStackFile } from "../stack";
import type { Rotation } from "../../../components/core/credentials/turns";

/** What is to stand in the stack's file for one role, or for the administrator. */
export interface Edit {
  /** Absent: the administrator. */
  readonly of?: { readonly database: string; readonly key: string };
  readonly passwordVersion?: number;
  readonly rotation?: Rotation;
}

/**
 * The text of a stack's file with other numbers in it: comments, order and layout stay. What it then says is read again,
 * so that a number in a place that does not count changes nothing. Pure.
 *
 * @throws ProblemError where it stands in a way that is not edited (an alias, JSON text): it says what to write by hand
 */
export function editStackFile(
  text: string,
  { file, stack, several }: Pick<StackConfig, "stack" | "several"> & { readonly file: string },
  edits: readonly Edit[],
): string {
  const document = parseDocument(text);
  const config = document.get("config");
  if (document.errors.length > 0 || !isMap(config)) throw unknownShape(file, "config", edits[0]);
  for (const edit of edits) {
    const path = pathOf(config, several, edit);
    const place = openMap(document, config, path);
    if (place === undefined) throw unknownShape(file, path.join("."), edit);
    for (const key of ["passwordVersion", "rotation"] as const) {
      if (edit[key] !== undefined) setValue(place, key, edit[key]);
    }
  }
  const changed = renderDocument(document, text);
  const read = parseStackFile(file, changed, stack);
  const missed = edits.find((edit) => !says(read, edit));
  if (missed !== undefined) throw unknownShape(file, pathOf(config, several, missed).join("."), missed);
  return changed;
}

function pathOf(config: YAMLMap, several: boolean, { of }: Edit): string[] {
  if (of === undefined) return [namedIn(config, "server"), "administrator"];
  if (several) return [namedIn(config, "databases"), of.database, "roles", of.key];
  const inside = [namedIn(config, "database"), "roles"];
  return [...(config.hasIn(inside) ? inside : [namedIn(config, "roles")]), of.key];
}

/** The map at a path, made where nothing stands; undefined where something else does. */
function openMap(document: Document, config: YAMLMap, path: readonly string[]): YAMLMap | undefined {
  let map = config;
  for (const key of path) {
    const found = map.get(key, true) as unknown;
    const isEmpty = found === undefined || (isScalar(found) && found.value === null);
    if (isEmpty) map.set(key, document.createNode({}));
    const next: unknown = map.get(key);
    if (!isMap(next)) return undefined;
    map = next;
  }
  return map;
}

/** What is there keeps its comment. */
function setValue(map: YAMLMap, key: string, value: number | string): void {
  const known = map.get(key, true) as unknown;
  if (isScalar(known)) known.value = value;
  else map.set(key, new Scalar(value));
}

function says(config: StackConfig, { of, passwordVersion, rotation }: Edit): boolean {
  if (of === undefined) return config.server.administrator.passwordVersion === passwordVersion;
  const roles = config.databases.find(({ name }) => name === of.database)?.roles ?? [];
  const role = roles.find(({ key, turn }) => key === of.key && turn?.is !== "former");
  const isNumber = passwordVersion === undefined || role?.passwordVersion === passwordVersion;
  return isNumber && (rotation === undefined || (role?.rotation ?? "single") === rotation);
}

function unknownShape(file: string, path: string, edit: Edit | undefined): ProblemError {
  const values = [
    ...(edit?.passwordVersion === undefined ? [] : [`passwordVersion: ${edit.passwordVersion}`]),
    ...(edit?.rotation === undefined ? [] : [`rotation: ${edit.rotation}`]),
  ].join(" and ");
  return problemError(
    `${file}: ${path}`,
    "stands there in a form that is not edited: an alias, or text in JSON",
    `write ${values} there by hand, then run \`up\``,
  );
}

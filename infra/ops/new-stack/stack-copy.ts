import { isDeepStrictEqual } from "node:util";
import { isAlias, isMap, isScalar, parse, parseDocument, type Document, type Node, type YAMLMap } from "yaml";
import { keepLayout } from "../../../components/core/layout";
import { problemError } from "../../../components/core/problem";
import { keepOwn } from "./own-secrets";
import { findSecrets, isSecret, renderKeyPath, type KeyPath } from "./secret";

export interface CopyNames {
  /** Names of the two stacks. */
  readonly from: string;
  readonly to: string;
  /** Text of the new stack's file, where that is replaced. */
  readonly replaced?: string;
}

/** A stack's file for another stack. */
export interface StackCopy {
  readonly text: string;
  /** Secrets that were left out, as paths that `pulumi config set --path` takes. */
  readonly leftOut: readonly KeyPath[];
  /** Lists that were left out as a whole, as a secret stood in them: other entries would have changed their places. */
  readonly lists: readonly string[];
  /** Secrets of the file that is replaced. */
  readonly kept: readonly KeyPath[];
  /** True: the file that is replaced says how its secrets are encrypted, and that stays. */
  readonly isEncrypted: boolean;
  /** Value of `secretsprovider` that was left out. */
  readonly secretsProvider?: string;
  /** Environments of Pulumi ESC that the file imports. */
  readonly environments: boolean;
  readonly renamed?: { readonly from: string; readonly to: string };
}

/** How a stack's secrets are encrypted: of that stack alone. */
export const encryptionKeys = ["encryptionsalt", "encryptedkey", "secretsprovider"] as const;

/**
 * The text of a stack's file as one for a new stack: comments, order and layout stay; what belongs to the old stack
 * alone goes. Pure.
 *
 * @throws ProblemError the file is no YAML, or something in it keeps a secret from being left out
 */
export function copyStack(original: string, names: CopyNames): StackCopy {
  const file = `Pulumi.${names.from}.yaml`;
  const { text, renamed } = renameDocker(original, names);
  const document = open(text, file);
  const secretsProvider = document.get("secretsprovider");
  const head = headOf(document);
  for (const key of encryptionKeys) document.delete(key);
  const removed = removeSecrets(document);
  const replaced = names.replaced === undefined ? undefined : open(names.replaced, `Pulumi.${names.to}.yaml`);
  const own = replaced === undefined ? { kept: [], isEncrypted: false } : keepOwn(document, replaced);
  restoreHead(document, head);
  const known = new Set(own.kept.map(renderKeyPath));
  const copy = render(document, text, file);
  assertNoOther(copy, own.kept.length, file);
  return {
    ...own,
    text: renameInComments(copy, names),
    leftOut: removed.secrets.filter((path) => !known.has(renderKeyPath(path))),
    lists: removed.lists,
    ...(typeof secretsProvider === "string" ? { secretsProvider } : {}),
    environments: document.has("environment"),
    ...(renamed === undefined ? {} : { renamed }),
  };
}

function open(text: string, file: string): Document {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) {
    throw problemError(file, "is not a map in YAML", "mend it, or move it away, then run this again");
  }
  return document;
}

/** The old name as a word of the name of containers: `shop-prod`, not `product`. */
function renameDocker(text: string, { from, to }: CopyNames): Pick<StackCopy, "text" | "renamed"> {
  const node = parseDocument(text).getIn(["config", "pgstead:docker", "name"], true);
  if (!isScalar(node) || typeof node.value !== "string" || node.range == null) return { text };
  const [start, end] = node.range;
  const word = new RegExp(`(?<![a-z0-9])${from.replace(/[.]/g, "\\.")}(?![a-z0-9])`, "g");
  const name = node.value.replace(word, () => to);
  // In the text: a document that is rendered anew loses the layout of the line.
  const written = text.slice(start, end);
  const source = written.replace(node.value, () => name);
  if (source === written) return { text };
  return {
    text: text.slice(0, start) + source + text.slice(end),
    renamed: { from: node.value, to: name },
  };
}

/** The comment above the file stands at its first key, which may go. */
function headOf({ contents }: Document): string | null | undefined {
  const [first] = isMap(contents) ? contents.items : [];
  return (first?.key as Node | undefined)?.commentBefore;
}

function restoreHead({ contents }: Document, head: string | null | undefined): void {
  const [first] = isMap(contents) ? contents.items : [];
  const key = first?.key as Node | undefined;
  if (key === undefined || head == null || key.commentBefore === head) return;
  key.commentBefore = key.commentBefore == null ? head : `${head}\n${key.commentBefore}`;
}

function removeSecrets(document: Document): { readonly secrets: KeyPath[]; readonly lists: string[] } {
  const config = document.get("config", true);
  const removals = isMap(config) ? findRemovals(config, document, []) : [];
  // All are found before the first one goes: another value may be written as "the same as that one".
  for (const { map, key } of removals) map.delete(key);
  return {
    secrets: removals.flatMap(({ secrets }) => secrets),
    lists: removals.filter(({ content }) => Array.isArray(content)).map(({ path }) => renderKeyPath(path)),
  };
}

interface Removal {
  readonly map: YAMLMap;
  readonly key: unknown;
  readonly path: KeyPath;
  readonly content: unknown;
  readonly secrets: readonly KeyPath[];
}

/** The entries of maps that are secrets; of a list with a secret in it, the whole list. */
function findRemovals(map: YAMLMap, document: Document, above: KeyPath): Removal[] {
  return map.items.flatMap(({ key, value }): Removal[] => {
    const path = [...above, isScalar(key) ? String(key.value) : String(key)];
    const node = isAlias(value) ? value.resolve(document) : value;
    const content: unknown = (node as Node | null | undefined)?.toJS(document);
    const secrets = findSecrets(content, path);
    if (secrets.length === 0) return [];
    if (isMap(node) && !isSecret(content)) return findRemovals(node, document, path);
    return [{ map, key, path, content, secrets }];
  });
}

function render(document: Document, old: string, file: string): string {
  try {
    const rendered = document.toString({ lineWidth: 0 });
    const kept = keepLayout(old, rendered);
    return isDeepStrictEqual(parse(kept), parse(rendered)) ? kept : rendered;
  } catch (error) {
    const hint = "write out the values that stand for others there (&name, *name), then run this again";
    throw problemError(file, `cannot be copied without its secrets: ${(error as Error).message}`, hint);
  }
}

/** The last look before anything is written: whatever the way it came by, no secret of the old stack is in it. */
function assertNoOther(text: string, kept: number, file: string): void {
  if (findSecrets(parse(text), []).length <= kept) return;
  const hint = "secrets belong below config: move it there with `npm run pulumi -- config set --secret`";
  throw problemError(file, "has a secret where none is looked for", hint);
}

/** A command that a comment shows is one for the new stack from now on; values stay as they are. */
function renameInComments(text: string, { from, to }: CopyNames): string {
  const option = new RegExp(`((?:-s|--stack)[ =])${from.replace(/[.]/g, "\\.")}(?![\\w./-])`, "g");
  const renamed = text.replace(/(?:^|\s)#.*$/gm, (comment) =>
    comment.replace(option, (_all, before: string) => before + to),
  );
  return isDeepStrictEqual(parse(renamed), parse(text)) ? renamed : text;
}

import type { Node } from "libpg-query";
import { quoteIdentifier } from "../identifier";

type KeyOf<Union> = Union extends unknown ? keyof Union : never;

/** Every type of a node that PostgreSQL's parser gives. */
export type NodeType = KeyOf<Node>;

/** Every type of a node that is a statement: the grammar calls them all `…Stmt`. */
export type StatementType = Extract<NodeType, `${string}Stmt`>;

/** What a node of a type holds. */
export type NodeOf<Type extends NodeType> = Extract<Node, Readonly<Record<Type, unknown>>>[Type];

/** The type of a node: it has one key. */
export function typeOf(node: Node): string {
  return Object.keys(node)[0] ?? "";
}

/** What a node holds, where it is of that type. */
export function contentOf<Type extends NodeType>(
  node: Node | undefined,
  type: Type,
): NodeOf<Type> | undefined {
  return (node as Partial<Record<Type, NodeOf<Type>>> | undefined)?.[type];
}

/** What the nodes of one type hold. */
export function contentsOf<Type extends NodeType>(
  nodes: readonly Node[] | undefined,
  type: Type,
): NodeOf<Type>[] {
  return (nodes ?? []).map((node) => contentOf(node, type)).filter((content) => content !== undefined);
}

/** The parts of a name, such as `["app", "orders"]`. */
export function namesOf(nodes: readonly Node[] | undefined): string[] {
  return contentsOf(nodes, "String").map(({ sval = "" }) => sval);
}

/** A name as the file has it, with quotes where it needs them: `app.orders`, and `"app.orders"` for another one. */
export function dotted(nodes: readonly Node[] | undefined): string {
  return namesOf(nodes).map(quoted).join(".");
}

/** The name of a table, as {@link dotted}. */
export function tableName(relation: NodeOf<"RangeVar"> | undefined): string {
  const { schemaname, relname = "" } = relation ?? {};
  return [schemaname, relname].flatMap((name) => (name === undefined ? [] : [quoted(name)])).join(".");
}

/** Whether such a name says its schema. */
export function isQualified(name: string): boolean {
  return name.replace(/"(?:[^"]|"")*"/g, "").includes(".");
}

function quoted(name: string): string {
  return name === "" || /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(name) ? name : quoteIdentifier(name);
}

/** A node anywhere in a tree; nodes inside of it are not visited where `enter` says no. */
export interface FoundNode {
  readonly type: string;
  readonly content: unknown;
}

/** Every node of a tree, the outer ones first. */
export function* walk(
  tree: unknown,
  enter: (found: FoundNode) => boolean = () => true,
): Generator<FoundNode> {
  if (Array.isArray(tree)) {
    for (const child of tree) yield* walk(child, enter);
    return;
  }
  if (typeof tree !== "object" || tree === null) return;
  for (const [type, content] of Object.entries(tree)) {
    // Nodes start with a capital, their fields with a small letter.
    if (/^[A-Z]/.test(type)) {
      const found = { type, content: content as unknown };
      yield found;
      if (!enter(found)) continue;
    }
    yield* walk(content, enter);
  }
}

/** What every node of a type holds, anywhere in a tree. */
export function* walkType<Type extends NodeType>(tree: unknown, type: Type): Generator<NodeOf<Type>> {
  for (const found of walk(tree)) if (found.type === type) yield found.content as NodeOf<Type>;
}

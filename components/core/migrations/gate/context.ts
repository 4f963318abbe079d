import type { Node } from "libpg-query";
import type { SqlParser } from "../sql-parser";
import type { Hit } from "./rules";
import type { SchemaMemory } from "./schema-memory";

/** What the rule of a statement may ask. */
export interface GateContext {
  readonly memory: SchemaMemory;
  readonly parser: SqlParser;
  /** The statement as it is written. */
  readonly text: string;
  /** True where its locks are held until the end of the part. */
  readonly transactional: boolean;
  /** True for what a function holds: it does not run now. */
  readonly inFunction: boolean;
  /** Judges a statement inside of this one. */
  readonly judge: (node: Node, context: GateContext) => readonly Hit[];
}

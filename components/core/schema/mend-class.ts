import { findingClasses, rules, type FindingClass } from "../migrations/gate/rules";
import { SchemaMemory } from "../migrations/gate/schema-memory";
import { judgeNode } from "../migrations/gate/statement-rules";
import type { SqlParser } from "../migrations/sql-parser";

/** What a statement costs, in the words of the gate of migrations: the worst of its findings. */
export function classOfStatement(sql: string, parser: SqlParser): FindingClass | "safe" {
  const found = parser.parse(sql).flatMap(({ node }) => {
    const context = {
      memory: new SchemaMemory(),
      parser,
      text: sql,
      transactional: true,
      inFunction: false,
      judge: judgeNode,
    };
    return judgeNode(node, context).map(({ rule }) => rules[rule].class);
  });
  return findingClasses.find((one) => found.includes(one)) ?? "safe";
}

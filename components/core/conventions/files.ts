import type { RepeatableDirectory } from "../repeatables/repeatable";
import { slug } from "../migrations/file-name";
import { operationsFunctions, tableSizesView } from "./operations-functions";
import { partitionFunctions } from "./partition-functions";
import { rowFunctions, type ConventionFunction } from "./row-functions";

/** What is offered: functions that callers ask for, and those that tables by the conventions stand on. */
export const conventionSets = ["operations", "tables"] as const;
export type ConventionSet = (typeof conventionSets)[number];

/** A repeatable file to be written. */
export interface ConventionFile {
  readonly directory: RepeatableDirectory;
  /** `app-rows.sql` */
  readonly name: string;
  readonly text: string;
}

/** The files of a set for a schema. */
export function conventionFiles(set: ConventionSet, schema: string): ConventionFile[] {
  const prefix = slug(schema) === "" ? "x" : slug(schema);
  if (set === "operations") {
    return [
      { directory: "functions", name: `${prefix}-operations.sql`, text: operationsFunctions(schema) },
      { directory: "views", name: `${prefix}-table-sizes.sql`, text: tableSizesView(schema) },
    ];
  }
  return [
    { directory: "functions", name: `${prefix}-rows.sql`, text: fileOf(rowFunctions(schema)) },
    { directory: "functions", name: `${prefix}-partitions.sql`, text: fileOf(partitionFunctions(schema)) },
  ];
}

function fileOf(functions: readonly ConventionFunction[]): string {
  return `${functions.map(({ acknowledgement, create }) => `${acknowledgement}${create}`).join("\n\n")}\n`;
}

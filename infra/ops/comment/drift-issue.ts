import { z } from "zod";
import { visible } from "../../../components/core/visible";
import { cannotTell } from "../failure";
import { plural } from "../text";
import type { CommentDocument, Section } from "./document";

/** What `npm run ops -- drift --json` said. */
export interface DriftReport {
  readonly stack: string;
  /** Empty: the server is as declared. */
  readonly drift: readonly DriftEntry[];
}

interface DriftEntry {
  readonly kind: string;
  readonly message: string;
  readonly resource?: string | undefined;
  readonly subject?: string | undefined;
  readonly sql?: string | undefined;
}

const entry = z.object({
  kind: z.string(),
  message: z.string(),
  resource: z.string().optional(),
  subject: z.string().optional(),
  sql: z.string().optional(),
});

const reportSchema = z.object({
  command: z.literal("drift"),
  stack: z.string(),
  status: z.enum(["good", "finding"]),
  data: z.object({ drift: z.array(entry) }),
});

const failureSchema = z.object({ error: z.object({ title: z.string() }) });

/**
 * Reads the report of `drift --json`.
 *
 * @throws CannotTellError for anything else, the report of a drift that could not be told included: no issue is opened
 * or closed for what nobody knows
 */
export function parseDrift(text: string): DriftReport {
  const value = parseDocument(text);
  const read = reportSchema.safeParse(value);
  if (read.success) return { stack: read.data.stack, drift: read.data.data.drift };
  const failure = failureSchema.safeParse(value);
  const message = failure.success
    ? `it could not be told: ${failure.data.error.title}`
    : "it is not what `npm run --silent ops -- drift --json` prints";
  throw cannotTell(
    "the drift cannot be read",
    message,
    "run `npm run ops -- drift`; issues stay as they are",
  );
}

function parseDocument(text: string): unknown {
  const start = /^\{/m.exec(text)?.index ?? 0;
  try {
    return JSON.parse(text.slice(start));
  } catch {
    return undefined;
  }
}

/** The first line of a stack's issue: by it the issue is found again. */
export function driftMarker(stack: string): string {
  return `<!-- pgstead:drift stack=${stack} -->`;
}

/** The issue of a server that is not as declared: what differs, by kind, with the statement that mends it. */
export function driftDocument({ stack, drift }: DriftReport, url: string | undefined): CommentDocument {
  const kinds = [...new Set(drift.map(({ kind }) => kind))];
  const counts = kinds.map(
    (kind) => `| ${visible(kind)} | ${drift.filter((item) => item.kind === kind).length} |`,
  );
  const head = [
    `The server of stack \`${stack}\` differs from what is declared in ${plural(drift.length, "place")}.`,
    ["| kind | differences |", "| --- | ---: |", ...counts].join("\n"),
    `\`npm run ops -- drift --fix --stack ${stack}\` mends what has a statement. What is right as it is belongs into the configuration.`,
    ...(url === undefined ? [] : [`Found by [this run](${url}).`]),
  ].join("\n\n");
  return { marker: driftMarker(stack), head, sections: kinds.map((kind) => sectionOf(kind, drift)) };
}

function sectionOf(kind: string, drift: readonly DriftEntry[]): Section {
  const lines = drift
    .filter((item) => item.kind === kind)
    .map((item) => ({ text: renderEntry(item), rank: 0 }));
  return { title: `${kind} (${lines.length})`, language: "sql", lines };
}

function renderEntry({ sql, subject, resource, message }: DriftEntry): string {
  return visible(
    sql === undefined ? `-- ${subject ?? resource ?? ""}: ${message}` : `${sql};  -- ${message}`,
  );
}

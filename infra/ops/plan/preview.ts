import { z } from "zod";
import type { PlanMessage } from "../../../components/core/plan-message";
import { cannotTell } from "../failure";

/** What `pulumi preview --json` says, as far as it is needed here. It holds no secrets: Pulumi masks them. */
export interface Preview {
  /** What happens to resources; what stays the same is left out. */
  readonly changes: readonly ResourceChange[];
  readonly messages: readonly PreviewMessage[];
}

export interface ResourceChange {
  /** Pulumi's word: `create`, `update`, `delete`, `replace`, … */
  readonly op: string;
  readonly urn: string;
}

/** Something that was said in a preview, under a resource or for the whole run. */
export interface PreviewMessage {
  readonly urn?: string;
  readonly severity: string;
  readonly text: string;
}

const stateSchema = z.object({ custom: z.boolean().optional() }).nullish();

const previewSchema = z.object({
  steps: z
    .array(z.object({ op: z.string(), urn: z.string(), oldState: stateSchema, newState: stateSchema }))
    .optional(),
  diagnostics: z
    .array(z.object({ urn: z.string().optional(), severity: z.string(), message: z.string() }))
    .optional(),
});

/** Steps of a replacement that its own step `replace` sums up, and what changes nothing. */
const silent: ReadonlySet<string> = new Set([
  "same",
  "create-replacement",
  "delete-replaced",
  "read",
  "refresh",
]);

/**
 * Reads the JSON of a preview; what npm prints before it is left out. No error repeats a part of the text.
 *
 * @throws CannotTellError where it is empty, cut short or not the JSON of a preview
 */
export function parsePreview(text: string): Preview {
  const read = previewSchema.safeParse(parseDocument(text));
  if (!read.success || (read.data.steps === undefined && read.data.diagnostics === undefined)) {
    throw notPreview("it is JSON, and not that of a preview");
  }
  const { steps = [], diagnostics = [] } = read.data;
  return {
    changes: steps
      // A component is no more than the place of its resources.
      .filter(({ op, oldState, newState }) => !silent.has(op) && (newState ?? oldState)?.custom === true)
      .map(({ op, urn }) => ({ op, urn })),
    messages: diagnostics.map(({ urn, severity, message }) => ({
      ...(urn === undefined || urn === "" ? {} : { urn }),
      severity,
      text: message.trimEnd().replace(/^(?:error|warning): /, ""),
    })),
  };
}

function parseDocument(text: string): unknown {
  const start = /^\{/m.exec(text)?.index;
  if (start === undefined) throw notPreview(text.trim() === "" ? "it is empty" : "it holds no JSON");
  try {
    return JSON.parse(text.slice(start));
  } catch {
    throw notPreview("its JSON is cut short or followed by something else");
  }
}

function notPreview(message: string): Error {
  const hint = "give it the standard output of `npm run --silent pulumi -- preview --json`, and nothing else";
  return cannotTell("the preview cannot be read", message, hint);
}

/**
 * What made a preview fail, beside refusals: the guard repeats those, and Pulumi says that the preview failed, neither of
 * which is another error.
 */
export function findErrors({ messages }: Preview, { refused }: { readonly refused: boolean }): string[] {
  return messages
    .filter(({ severity, text }) => severity === "error" && text !== "preview failed")
    .filter(({ urn }) => !(refused && urn?.includes("pgstead:index:Guard::") === true))
    .map(({ text }) => text);
}

/** An error of several lines as one, and the hint that is in it. */
export function splitError(text: string): { readonly message: string; readonly hint: string | undefined } {
  const lines = text.split("\n").map((line) => line.trim());
  const hints = lines.filter((line) => line.startsWith("hint: ")).map((line) => line.slice("hint: ".length));
  const rest = lines.filter((line) => line !== "" && !line.startsWith("hint: "));
  const message = rest.reduce(
    (told, line) => `${told}${told === "" ? "" : told.endsWith(":") ? " " : "; "}${line}`,
    "",
  );
  return { message, hint: hints.length === 0 ? undefined : hints.join("; ") };
}

/** Type and name of a resource as people say it: `Access promptforge`. */
export function resourceName(urn: string): string {
  const [, , types = "", ...name] = urn.split("::");
  return `${types.split(/[$:]/).at(-1) ?? ""} ${name.join("::")}`;
}

const statement = z.object({
  sql: z.string(),
  redacted: z.literal(true).optional(),
  reason: z.string(),
  risk: z.enum(["none", "access", "review", "lock", "restart", "data-loss"]),
  kind: z.string(),
  database: z.string().optional(),
  step: z.literal(true).optional(),
  lines: z.array(z.string()).optional(),
  transactional: z.boolean().optional(),
  by: z.literal("@pulumi/postgresql").optional(),
  migration: z
    .object({
      file: z.string(),
      line: z.number(),
      owner: z.string(),
      direction: z.enum(["up", "down", "repeat"]),
      transactional: z.boolean(),
      version: z.string(),
      name: z.string(),
      checksum: z.string(),
    })
    .optional(),
});

const planSchema = z.object({
  pgsteadPlan: z.literal(1),
  database: z.string().nullable(),
  statements: z.array(statement),
  refusals: z.array(z.object({ subject: z.string(), message: z.string(), hint: z.string() })),
  undeclared: z.array(
    z.object({
      kind: z.string(),
      subject: z.string(),
      message: z.string(),
      beyond: z.literal(true).optional(),
    }),
  ),
  notes: z.array(z.string()).optional(),
  unread: z.string().optional(),
});

/** The plan that a message is in a preview with `PGSTEAD_PLAN=json`; undefined for any other message. */
export function parsePlanMessage(text: string): PlanMessage | undefined {
  if (!text.startsWith('{"pgsteadPlan":')) return undefined;
  // Written by the provider of this same checkout: what does not fit is a mistake of this program.
  return planSchema.parse(JSON.parse(text)) as PlanMessage;
}

import type { Plan } from "../core/statement";
import type { Planned } from "./planned";

/** What one scope of `Access` adds to the ways to its server. */
export type Scope = Omit<Planned, "connections" | "isServerNew">;

/** A server that does not answer may hold anything: what would be lost cannot be told, so it must not be. */
export function refuseUnread(losses: readonly string[], allowed: readonly string[]): Plan {
  const refusals = losses
    .filter((entry) => !allowed.includes(entry))
    .map((entry) => ({
      subject: entry,
      message: "it left the configuration, and what it holds cannot be told: the server does not answer",
      hint: `declare it again and bring the server up first, or allow the loss with pgstead:allowDataLoss: ["${entry}"]`,
    }));
  return { statements: [], refusals };
}

type Named = readonly { readonly name: string }[];

/** Names that the last run declared and this one does not. */
export function namesLeaving(before: Named | undefined, desired: Named): string[] {
  const staying = new Set(desired.map(({ name }) => name));
  return (before ?? []).map(({ name }) => name).filter((name) => !staying.has(name));
}

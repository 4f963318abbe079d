import type { Checkout } from "./checkout";

interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
}

export interface Preview {
  /** `create postgresql:index/schema:Schema promptforge-sales`, sorted; what stays the same is left out. */
  readonly changes: readonly string[];
  /** Everything that was said under the resources. */
  readonly messages: string;
}

/** A plain preview (without refresh), as its JSON tells it. */
export async function preview(checkout: Checkout): Promise<Preview> {
  const { stdout } = await checkout.pulumi("preview", "--json");
  const result = JSON.parse(stdout) as { steps: PreviewStep[]; diagnostics?: { message: string }[] };
  const changes = result.steps
    .filter(({ op }) => op !== "same")
    .map(({ op, urn }) => `${op} ${typeAndName(urn)}`);
  const messages = (result.diagnostics ?? []).map(({ message }) => message).join("\n");
  return { changes: changes.toSorted(), messages };
}

function typeAndName(urn: string): string {
  const [, , types = "", ...name] = urn.split("::");
  return `${types.split("$").at(-1) ?? ""} ${name.join("::")}`;
}

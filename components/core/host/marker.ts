/** Whose a file of a host is, in its first lines. */
const line = /^\W*pgstead: (\S+\/\S+)\s*$/;

/** Lines in which a marker is looked for: a program's own first line (`#!`) may come before it. */
const markedLines = 5;

/**
 * The first lines of a file that pgstead writes on a host: whose it is, for whoever finds it there. A file that is there
 * without them is never written over.
 *
 * @param stack `<project>/<stack>`
 * @param comment how a line of the format begins that means nothing
 */
export function markerLines(stack: string, comment = "#"): string {
  return [
    `${comment} pgstead: ${stack}`,
    `${comment} managed by pgstead: \`pulumi up\` mends what is changed here, \`pulumi destroy\` removes it`,
    "",
  ].join("\n");
}

/** The stack that a marker names; undefined: there is no marker. */
export function markedStack(text: string | undefined): string | undefined {
  for (const one of (text ?? "").split("\n", markedLines)) {
    const [, stack] = line.exec(one) ?? [];
    if (stack !== undefined) return stack;
  }
  return undefined;
}

/**
 * How the names of what a stack has on a host begin (files, units): two stacks on one host never mean the same.
 *
 * @example hostPrefix("shop/prod") is `pgstead-shop-prod`
 */
export function hostPrefix(stack: string): string {
  return `pgstead-${stack.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
}

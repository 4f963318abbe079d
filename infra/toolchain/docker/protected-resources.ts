import { problemError } from "../../../components/core/problem";
import { isDestroy, readOptions, type PulumiCommand } from "../arguments";
import type { Deployment } from "../interrupted";

/**
 * Refuses to destroy a stack that has protected resources, with their names: Pulumi does so in its preview, and with
 * `--skip-preview` it would delete everything else first. Pure.
 *
 * @throws ProblemError
 */
export function assertNothingProtected(
  state: Deployment | undefined,
  { command, args }: { readonly command: PulumiCommand; readonly args: readonly string[] },
): void {
  if (!isDestroy(command)) return;
  const options = readOptions(args);
  const has = (...names: readonly string[]): boolean => options.some(({ name }) => names.includes(name));
  // Pulumi looks at these itself: what is left out of the run is not touched.
  if (has("--exclude-protected", "--target", "-t", "--exclude", "-x", "--preview-only")) return;
  const kept = (state?.resources ?? []).filter(({ protect }) => protect === true);
  if (kept.length === 0) return;
  // Pulumi has them in the order in which they happened to be made.
  const names = kept.map(({ urn }) => nameOf(urn)).toSorted();
  throw problemError(
    "destroy",
    `protected are ${names.join(", ")}; nothing was touched`,
    "set pgstead:protect to false, run `npm run pulumi -- up`, and destroy it then; --exclude-protected takes the rest away.",
  );
}

/** `urn:pulumi:prod::pgstead::…$docker:index/volume:Volume::data` is `Volume data`. */
function nameOf(urn: string): string {
  const [, , types = "", ...name] = urn.split("::");
  return `${types.split(":").at(-1) ?? ""} ${name.join("::")}`;
}

import { coerce, gte, lt, major } from "semver";
import { minimumGo, minimumPulumi, pulumiVersion } from "./versions";

/** Why a Pulumi that was found is not used; undefined if it is. Pure. */
export function judgePulumi(found: {
  readonly version: string | undefined;
  readonly hasLanguageHost: boolean;
}): string | undefined {
  const { version, hasLanguageHost } = found;
  if (version === undefined) return "does not answer `pulumi version` with a version";
  if (lt(version, minimumPulumi)) return `is version ${version}, older than ${minimumPulumi}`;
  if (major(version) !== major(pulumiVersion)) {
    return `is version ${version}, and this program is written for ${major(pulumiVersion)}.x`;
  }
  if (!hasLanguageHost) return "has no pulumi-language-nodejs beside it or on PATH";
  return undefined;
}

/** Whether Go can build Pulumi: the version from what `go env GOVERSION` printed, and why it cannot. Pure. */
export function judgeGo(printed: string | undefined): {
  readonly version?: string;
  readonly refusal?: string;
} {
  if (printed === undefined) return { refusal: "Go is not installed" };
  const version = coerce(printed.replace(/^go/, ""))?.version;
  if (version === undefined) return { refusal: `Go does not say its version (${printed.trim()})` };
  if (!gte(version, minimumGo)) return { version, refusal: `Go ${version} is older than ${minimumGo}` };
  return { version };
}

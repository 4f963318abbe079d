import { checkMode, isWorldReadable } from "../core/files/check";
import { checkHostOwner, checkHostPath } from "../core/host/file-check";
import type { DesiredHostFiles } from "../core/host/file-model";
import type { HostFilesBefore } from "../core/host/file-plan";
import { hashOf } from "../io/files/live-file";
import type { CheckFailure, ResourceRequest } from "./contract";
import { checkHost, hostName, stackOfRequest } from "./host-place";
import { InputCheck } from "./inputs";
import { hasUnknown, isUnknown, revealMap, type PropertyMap, type PropertyValue } from "./properties";
import { addProblems } from "./volume-inputs";

interface WrittenFile {
  readonly content: string;
  readonly mode: string;
  readonly owner: string;
  readonly secret?: boolean;
}

/** Everything that is wrong with the inputs, by property. */
export function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  const check = new InputCheck(inputs).known("host", "files", "directories");
  checkHost(check, inputs.host);
  const { files, directories } = revealMap(inputs);
  if (!isUnknown(files)) {
    for (const [path, file] of Object.entries((files ?? {}) as PropertyMap)) checkFile(check, path, file);
  }
  if (!isUnknown(directories)) {
    for (const [path, directory] of Object.entries((directories ?? {}) as PropertyMap)) {
      checkEntry(check, `directories.${path}`, path, directory, ["mode", "owner"]);
    }
  }
  return check.failures;
}

function checkFile(check: InputCheck, path: string, value: PropertyValue | undefined): void {
  const at = `files.${path}`;
  const file = checkEntry(check, at, path, value, ["content", "mode", "owner", "secret"]);
  if (typeof file.content !== "string") check.fail(`${at}.content`, "expected a text");
  if (file.secret !== undefined && typeof file.secret !== "boolean")
    check.fail(`${at}.secret`, "expected true or false");
}

/** What files and directories have in common. */
function checkEntry(
  check: InputCheck,
  at: string,
  path: string,
  value: PropertyValue | undefined,
  names: readonly string[],
): PropertyMap {
  const entry = (value ?? {}) as PropertyMap;
  const { mode, owner, secret } = entry;
  for (const name of Object.keys(entry)) {
    if (!names.includes(name)) check.fail(`${at}.${name}`, `not known here; there is ${names.join(", ")}`);
  }
  addProblems(check, checkHostPath(at, path));
  if (!isUnknown(mode)) {
    const options = { secret: secret === true };
    addProblems(check, checkMode(`${at}.mode`, typeof mode === "string" ? mode : "", options));
  }
  if (!isUnknown(owner))
    addProblems(check, checkHostOwner(`${at}.owner`, typeof owner === "string" ? owner : ""));
  return entry;
}

/** True where nobody can tell yet which files there are. */
export function isSetUnknown(inputs: PropertyMap): boolean {
  const { directories, host, files } = inputs;
  return isUnknown(files) || hasUnknown(directories) || hasUnknown(host);
}

/** What is declared, without the wrappers of secrets. What it returns must not reach a log. */
export function desiredOf(request: ResourceRequest, inputs: PropertyMap): DesiredHostFiles {
  const { files, directories } = revealMap(inputs) as unknown as {
    readonly files: Readonly<Record<string, WrittenFile>>;
    readonly directories?: DesiredHostFiles["directories"];
  };
  const entries = Object.entries(files).map(([path, { content, mode, owner, secret }]) => {
    const known = isUnknown(content)
      ? { content: undefined, hash: undefined }
      : { content, hash: hashOf(content) };
    return [path, { ...known, mode, owner, secret: secret ?? !isWorldReadable(mode) }] as const;
  });
  return {
    host: hostName(inputs),
    stack: stackOfRequest(request),
    files: Object.fromEntries(entries),
    directories: directories ?? {},
  };
}

/** What the last run declared, and the directories that it made. */
export function beforeOf(
  request: ResourceRequest,
  oldInputs: PropertyMap,
  state: PropertyMap | undefined,
): HostFilesBefore {
  const { files, directories } = desiredOf(request, oldInputs);
  const made = state?.made;
  return { files, directories, made: Array.isArray(made) ? (made as string[]) : [] };
}

import type { Plan, Refusal, Statement, Undeclared } from "../statement";
import { compareFile, fileStep } from "./compare";
import {
  draftPrefix,
  pendingName,
  renderOwner,
  reservedPrefix,
  type DesiredFiles,
  type FileOwner,
  type LiveFile,
  type LiveVolume,
  type Reload,
} from "./model";

/** What the last run declared, as far as the next one has to know it. */
export interface DeclaredBefore {
  /** By name: whether it was a secret. */
  readonly files: Readonly<Record<string, { readonly secret: boolean }>>;
}

/** What is to be done to a volume, and how it reads. */
export interface FilesPlan {
  readonly plan: Plan;
  /** Names of the declared files that are written. */
  readonly write: readonly string[];
  /** Names that are removed, drafts of killed runs included. */
  readonly remove: readonly string[];
  /** False where nothing is left to do but to tell the container. */
  readonly isChange: boolean;
}

/** A volume that is not there yet. */
export const emptyVolume: LiveVolume = { owner: { uid: 0, gid: 0 }, mode: "0755", files: {} };

/**
 * Compares what is declared with what lies on the volume: content by its hash, owner and mode by their numbers.
 *
 * @param before what the last run declared: of that, what is declared no more is removed
 */
export function planFiles(
  desired: DesiredFiles,
  before: DeclaredBefore | undefined,
  live: LiveVolume,
): FilesPlan {
  const names = Object.keys(desired.files).toSorted();
  const changes = names.map((name) => planFile(desired, before, name, live.files[name]));
  const written = changes.flatMap(({ statement, name }) =>
    statement === undefined ? [] : [{ statement, name }],
  );
  const leaving = Object.keys(before?.files ?? {}).filter(
    (name) => isFound(live, name) && !isKept(desired, name),
  );
  const drafts = Object.keys(live.files).filter((name) => name.startsWith(draftPrefix));
  const statements = [
    ...planDirectory(desired, live),
    ...written.map(({ statement }) => statement),
    ...leaving.toSorted().map((name) => removal(desired, name, "it is declared no more")),
    ...drafts.toSorted().map((name) => removal(desired, name, "a run that was killed has left it")),
  ];
  return {
    plan: {
      statements: [...statements, ...planReload(desired.reload, live, statements.length > 0)],
      refusals: changes.flatMap(({ refusals }) => refusals),
      undeclared: undeclaredOf(desired, leaving, live),
    },
    write: written.map(({ name }) => name),
    remove: [...leaving, ...drafts],
    isChange: statements.length > 0,
  };
}

/** A volume as the last run has left it, for a preview that cannot look at it: what the declaration changes is told. */
export function assumeVolume(before: DesiredFiles): LiveVolume {
  const { owner, directoryMode, files } = before;
  const assumed = Object.entries(files).map(([name, { mode, hash = "", content }]) => {
    const file: LiveFile = { kind: "file", owner, mode, hash };
    return [name, content === undefined ? file : { ...file, text: content }] as const;
  });
  return { owner, mode: directoryMode, files: Object.fromEntries(assumed) };
}

function planDirectory({ volume, owner, directoryMode }: DesiredFiles, live: LiveVolume): Statement[] {
  if (sameOwner(owner, live.owner) && directoryMode === live.mode) return [];
  return [
    fileStep(
      `set owner ${renderOwner(owner)} and mode ${directoryMode} of volume ${volume}`,
      `it has ${renderOwner(live.owner)} and ${live.mode}`,
    ),
  ];
}

interface FileChange {
  readonly name: string;
  readonly statement?: Statement;
  readonly refusals: readonly Refusal[];
}

function planFile(
  desired: DesiredFiles,
  before: DeclaredBefore | undefined,
  name: string,
  live: LiveFile | undefined,
): FileChange {
  const file = desired.files[name];
  if (file === undefined) return { name, refusals: [] };
  if (live?.kind === "directory") return { name, refusals: [refuseDirectory(desired.volume, name)] };
  const place = {
    where: `${name} on volume ${desired.volume}`,
    owner: renderOwner(desired.owner),
    wasSecret: before?.files[name]?.secret ?? false,
  };
  const found = live === undefined ? undefined : { ...live, owner: renderOwner(live.owner) };
  const statement = compareFile(place, file, found);
  return { name, ...(statement === undefined ? {} : { statement }), refusals: [] };
}

function removal({ volume }: DesiredFiles, name: string, reason: string): Statement {
  return fileStep(`remove ${name} from volume ${volume}`, reason);
}

/** Also where the files are right already and a run was killed before it could tell. */
export function planReload(reload: Reload | undefined, live: LiveVolume, isWritten: boolean): Statement[] {
  if (reload === undefined) return [];
  const isPending = live.files[pendingName(reload)] !== undefined;
  if (!isWritten && !isPending) return [];
  const reason = isWritten
    ? "it reads its files again"
    : "a run that was killed has written files and not told it; it reads its files again";
  return [reloadStep(reload, reason)];
}

/** The step that tells a container of its files. */
export function reloadStep(reload: Reload, reason: string): Statement {
  if (reload.restart === true) {
    // Of a container beside the server: nobody's session ends.
    return fileStep(`restart container ${reload.container}`, `${reason}, if it runs`);
  }
  const signal = reload.signal ?? "SIGHUP";
  return fileStep(`send ${signal} to container ${reload.container}`, `${reason}, if it runs; no restart`);
}

function refuseDirectory(volume: string, name: string): Refusal {
  return {
    subject: `file ${name} of volume ${volume}`,
    message: "what is there is a directory",
    hint: "look at what is in it and remove it, or declare the file under another name.",
  };
}

function undeclaredOf(desired: DesiredFiles, leaving: readonly string[], live: LiveVolume): Undeclared[] {
  return Object.keys(live.files)
    .filter((name) => !isKept(desired, name) && !leaving.includes(name) && !name.startsWith(reservedPrefix))
    .toSorted()
    .map((name) => ({
      kind: "file",
      subject: `${live.files[name]?.kind === "directory" ? "directory" : "file"} ${name} of volume ${desired.volume}`,
      message: "nobody declared it",
    }));
}

function isFound(live: LiveVolume, name: string): boolean {
  return live.files[name] !== undefined;
}

function isKept({ files, others }: DesiredFiles, name: string): boolean {
  return files[name] !== undefined || others.includes(name);
}

function sameOwner(a: FileOwner, b: FileOwner): boolean {
  return a.uid === b.uid && a.gid === b.gid;
}

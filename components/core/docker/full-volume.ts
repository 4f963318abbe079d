/** A volume as a container has it mounted. */
export interface MountedVolume {
  readonly volume: string;
  readonly path: string;
}

/** True for the words of the kernel, which engines and programs pass on. */
export function isOutOfSpace(said: string): boolean {
  return /no space left on device|disk quota exceeded/i.test(said);
}

/**
 * Which volume has no room left, by what a program has said of it.
 *
 * @param home where names that are not absolute begin; PostgreSQL's do in its data directory
 * @returns undefined: it is not about room, or about none of the volumes
 */
export function findFullVolume(
  said: string,
  mounts: readonly MountedVolume[],
  home: string,
): MountedVolume | undefined {
  if (!isOutOfSpace(said)) return undefined;
  const path = /(?<![\w.])\/[^\s"':]*/.exec(said)?.[0] ?? home;
  const above = mounts.filter((mount) => path === mount.path || path.startsWith(`${mount.path}/`));
  return above.toSorted((one, other) => other.path.length - one.path.length)[0];
}

/** What to do about it. */
export function roomHint(volume: string): string {
  return `make room for volume ${volume}: on the engine's host \`docker volume inspect ${volume}\` says where it lies, and \`df\` of that how full it is. Then run this again: it goes on.`;
}

/** PUBLIC as a grantee: no role has an empty name. */
export const everybody = "";

/** One privilege of one grantee, as `aclexplode` gives it. */
export interface AclItem {
  /** A role, or {@link everybody}. */
  readonly grantee: string;
  readonly grantor: string;
  /** `SELECT`, `EXECUTE` … */
  readonly privilege: string;
  /** May grant it to others (`WITH GRANT OPTION`). */
  readonly grantable: boolean;
}

/** A privilege that somebody is to have, and why. */
export interface Want {
  readonly grantee: string;
  readonly privilege: string;
  readonly grantable?: boolean;
  readonly reason: string;
}

/** One privilege that is granted or revoked. */
export interface AclChange {
  readonly verb: "GRANT" | "REVOKE";
  readonly grantee: string;
  readonly privilege: string;
  /** Granted with its grant option; or only that is revoked. */
  readonly option: boolean;
  /** Who takes it back, where that is not the owner: only who granted it can. */
  readonly as?: string;
  /** Takes along what the grantee has passed on (`CASCADE`). */
  readonly cascade?: true;
  /** Granted again first: what it passed on can only be taken from who may pass it on. */
  readonly renewed?: true;
  readonly reason: string;
}

export interface AclSubject {
  readonly owner: string;
  /** What the server has, an ACL that was never changed included (`acldefault`). */
  readonly acl: readonly AclItem[];
  /** All that there is to grant on such an object: what its owner has. */
  readonly all: readonly string[];
  readonly wants: readonly Want[];
  /** True for grantees whose privileges are exactly what is declared. */
  readonly isOurs: (grantee: string) => boolean;
  /** Of a column: what will be of its table's ACL, as who may pass on the whole may pass on a part. */
  readonly above?: readonly AclItem[];
  /** Of a column: true for what goes with a privilege that its table loses. */
  readonly isTaken?: (item: AclItem) => boolean;
}

export interface AclDifference {
  /** Revocations first. */
  readonly changes: readonly AclChange[];
  /** What is left of roles that are not ours. */
  readonly foreign: readonly AclItem[];
  /** What is there afterwards, what is missing aside. */
  readonly stays: readonly AclItem[];
}

/** The changes that make an ACL what it is to be. */
export function diffAcl(subject: AclSubject): AclDifference {
  const { owner } = subject;
  // In whatever order a server tells them, the plan is the same.
  const acl = subject.acl.toSorted((a, b) => (itemKey(a) < itemKey(b) ? -1 : 1));
  const wants = mergeWants([
    ...ownerWants(subject),
    ...subject.wants.filter(({ grantee }) => grantee !== owner),
  ]);
  const others = acl.filter(({ grantee, grantor }) => grantee !== owner || grantor !== owner);
  const losses = lossesOf(subject, wants, others);
  const gone = goneOf(subject, others, losses);
  const stays = acl.flatMap((item) => {
    if (gone.has(item)) return [];
    return losses.has(item) ? [{ ...item, grantable: false }] : [item];
  });
  return {
    changes: [...revocations(subject, others, losses, gone), ...missing(subject, wants, stays)],
    foreign: others.filter((item) => !isOursOf(subject, item) && !gone.has(item)),
    stays,
  };
}

function itemKey({ grantee, grantor, privilege }: AclItem): string {
  return JSON.stringify([grantee, grantor, privilege]);
}

/** What a privilege is lost for, and whether only its grant option is. */
interface Loss {
  readonly option: boolean;
  readonly reason: string;
}

function lossesOf(
  subject: AclSubject,
  wants: readonly Want[],
  others: readonly AclItem[],
): ReadonlyMap<AclItem, Loss> {
  const losses = new Map<AclItem, Loss>();
  for (const item of others.filter((one) => isOursOf(subject, one))) {
    const { grantee, privilege, grantable } = item;
    // The owner has everything by itself: what somebody passed on to it is more than that.
    const isWanted = (want: Want): boolean => want.grantee === grantee && want.privilege === privilege;
    const want = grantee === subject.owner ? undefined : wants.find(isWanted);
    if (want === undefined) losses.set(item, { option: false, reason: "nobody declared it" });
    else if (grantable && want.grantable !== true) {
      losses.set(item, { option: true, reason: "nobody declared that it may be passed on" });
    }
  }
  return losses;
}

/** All that is lost in the end: who may not pass it on any more takes along what it granted, and so on. */
function goneOf(
  { owner, above = [], isTaken = () => false }: AclSubject,
  others: readonly AclItem[],
  losses: ReadonlyMap<AclItem, Loss>,
): ReadonlySet<AclItem> {
  const gone = new Set(others.filter((item) => isTaken(item) || losses.get(item)?.option === false));
  const weak = (item: AclItem): boolean => gone.has(item) || losses.has(item);
  for (let size = -1; size !== gone.size;) {
    size = gone.size;
    const left = [...others.filter((item) => !weak(item)), ...above];
    for (const item of others) {
      if (item.grantor === owner || left.some((one) => allows(one, item))) continue;
      // Nobody among those who lose it now has granted it: it hangs loose, and is told.
      if (others.some((one) => weak(one) && allows(one, item))) gone.add(item);
    }
  }
  return gone;
}

/** True where who has the one privilege could grant the other by it. */
function allows(one: AclItem, other: AclItem): boolean {
  return one.grantable && one.grantee === other.grantor && one.privilege === other.privilege;
}

function revocations(
  subject: AclSubject,
  others: readonly AclItem[],
  losses: ReadonlyMap<AclItem, Loss>,
  gone: ReadonlySet<AclItem>,
): AclChange[] {
  const { owner, above = [], isTaken = () => false } = subject;
  const isWeak = (item: AclItem): boolean => gone.has(item) || losses.has(item);
  return others.filter(isWeak).flatMap((item): AclChange[] => {
    const { grantee, grantor, privilege } = item;
    const along = item.grantable ? others.filter((one) => gone.has(one) && allows(item, one)) : [];
    const taken = isTaken(item);
    const { option, reason } = losses.get(item) ?? { option: false, reason: "its table loses it" };
    const byTable = taken && along.length === 0;
    const granters = [...others, ...above].filter((one) => allows(one, item));
    const isAlong = grantor !== owner && granters.length > 0 && granters.every(isWeak);
    if (byTable || isAlong) return [];
    const common = { verb: "REVOKE", privilege } as const;
    if (grantor !== owner && granters.length === 0) {
      // Of the grantor only the option goes where it has the privilege itself.
      const has = others.some((one) => one.grantee === grantor && one.privilege === privilege);
      return [{ ...common, grantee: grantor, option: has, cascade: true, renewed: true, reason }];
    }
    return [
      {
        ...common,
        grantee,
        option: option && !gone.has(item),
        ...(grantor === owner ? {} : { as: grantor }),
        ...(along.length === 0 ? {} : { cascade: true as const }),
        reason: along.length === 0 ? reason : `${reason}, nor what ${nameOf(grantee)} passed on`,
      },
    ];
  });
}

function nameOf(grantee: string): string {
  return grantee === everybody ? "PUBLIC" : grantee;
}

function isOursOf({ owner, isOurs }: AclSubject, { grantee }: AclItem): boolean {
  return grantee === owner || isOurs(grantee);
}

function ownerWants({ owner, all }: AclSubject): Want[] {
  return all.map((privilege) => ({ grantee: owner, privilege, reason: "its owner has every privilege" }));
}

/** Whoever says that a privilege may be passed on, it may. */
function mergeWants(wants: readonly Want[]): readonly Want[] {
  const merged = new Map<string, Want>();
  for (const want of wants) {
    const key = JSON.stringify([want.grantee, want.privilege]);
    const other = merged.get(key);
    if (other === undefined || (want.grantable === true && other.grantable !== true)) merged.set(key, want);
  }
  return [...merged.values()];
}

function missing({ owner }: AclSubject, wants: readonly Want[], stays: readonly AclItem[]): AclChange[] {
  return wants.flatMap(({ grantee, privilege, grantable = false, reason }): AclChange[] => {
    const isThere = (item: AclItem): boolean =>
      item.grantee === grantee && item.privilege === privilege && (item.grantable || !grantable);
    if (stays.some((item) => isThere(item) && (grantee !== owner || item.grantor === owner))) return [];
    return [{ verb: "GRANT", grantee, privilege, option: grantable, reason }];
  });
}

/** What a change of owner makes of an ACL: the new owner stands wherever the old one stood. */
export function withOwner(acl: readonly AclItem[], from: string, to: string): readonly AclItem[] {
  if (from === to) return acl;
  const moved = (name: string): string => (name === from ? to : name);
  const merged = new Map<string, AclItem>();
  for (const item of acl) {
    const one = { ...item, grantee: moved(item.grantee), grantor: moved(item.grantor) };
    const key = itemKey(one);
    merged.set(key, { ...one, grantable: one.grantable || merged.get(key)?.grantable === true });
  }
  return [...merged.values()];
}

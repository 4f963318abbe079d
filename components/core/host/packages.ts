import { quoteShell } from "../shell";
import { hostPrefix, markerLines } from "./marker";

/** Packages of a stack on its host. */
export interface HostPackagesDeclaration {
  /** `<project>/<stack>` */
  readonly stack: string;
  /** Names of Debian's packages. */
  readonly packages: readonly string[];
  /** Whether what was not there before goes with the stack. */
  readonly purge: boolean;
}

/** Directory of what a stack keeps on its host. */
export function stateDirectory(stack: string): string {
  return `/var/lib/pgstead/${hostPrefix(stack).replace(/^pgstead-/, "")}`;
}

/**
 * Installs what is not there, as root, and prints what is the stack's own: all that was not installed before, what came
 * along with it included. Nothing of it is started or enabled: Debian would have an exporter listen on all addresses at
 * once. The list is kept on the host as well, and a run that was killed is ended by the next.
 */
export function installScript({ stack, packages, purge }: HostPackagesDeclaration): string {
  return `${prelude(stack)}
${functions}
mkdir -p "$state"
wanted=${quoteShell(packages.join(" "))}
missing=
for one in $wanted; do
  if [ "$(dpkg-query -W -f='\${db:Status-Status}' "$one" 2>/dev/null)" != installed ]; then missing="$missing $one"; fi
done
[ -z "$missing" ] || [ -f "$before" ] || installed > "$before"
if [ -n "$missing" ]; then
  forbid_starts
  # An index that cannot be had is told by what it lacks.
  apt-get -q update >&2 || :
  apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold --no-install-recommends install $missing >&2
fi
if [ -f "$before" ]; then
  new=$(installed | comm -13 "$before" -)
  for one in $new; do disable_services "$one"; done
  { ours; printf '%s\\n' $new; } | sed '/^$/d' | sort -u > "$record.new"
  { printf '%s' ${quoteShell(markerLines(stack))}; cat "$record.new"; } > "$record"
  rm -f "$record.new" "$before"
fi
${purge ? dropScript : ""}ours
`;
}

/** Packages that are declared no more, and that this stack has installed by name. */
const dropScript = `dropped=
for one in $(ours); do
  case " $wanted " in *" $one "*) ;; *) [ "$(apt-mark showmanual "$one")" = "$one" ] && dropped="$dropped $one" ;; esac
done
if [ -n "$dropped" ]; then purge_all "$dropped"; fi
`;

/**
 * Ends what {@link installScript} began: lists what the stack has installed, and purges it where that is declared. What
 * others have come to need is not purged: the command fails and names it.
 */
export function removeScript({ stack, purge }: Pick<HostPackagesDeclaration, "stack" | "purge">): string {
  return `${prelude(stack)}
${functions}
all=$(ours)
${
  purge
    ? 'if [ -n "$all" ]; then purge_all "$all"; fi'
    : '[ -z "$all" ] || printf \'these packages stay on the host, as purge is not true: %s\\n\' "$(echo $all)"'
}
rm -f "$record" "$before"
rmdir --ignore-fail-on-non-empty "$state" "\${state%/*}" 2>/dev/null || :
`;
}

function prelude(stack: string): string {
  const state = stateDirectory(stack);
  return `set -eu
LC_ALL=C DEBIAN_FRONTEND=noninteractive; export LC_ALL DEBIAN_FRONTEND
state=${quoteShell(state)}
record=$state/packages
before=$state/packages.before`;
}

/** A start that is forbidden is so for as long as this script runs: one that is killed forbids nobody else's. */
const functions = `installed() {
  dpkg-query -W -f='\${db:Status-Status} \${Package}\\n' | sed -n 's/^installed //p' | sort -u
}
ours() {
  if [ -f "$record" ]; then sed '/^#/d' "$record"; fi
}
forbid_starts() {
  policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ] && ! grep -q '^# pgstead:' "$policy"; then return 0; fi
  printf '#!/bin/sh\\n# pgstead: only while process %s installs packages\\n[ -d /proc/%s ] && exit 101\\nexit 0\\n' "$$" "$$" > "$policy"
  chmod 0755 "$policy"
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}
disable_services() {
  for unit in $(dpkg -L "$1" | sed -n 's#^.*/systemd/system/\\([^/@]*\\.\\(service\\|socket\\|timer\\)\\)$#\\1#p' | sort -u); do
    if [ -d /run/systemd/system ]; then systemctl disable --now --quiet "$unit" >&2 || :; fi
  done
  if [ ! -d /run/systemd/system ]; then
    for script in $(dpkg -L "$1" | sed -n 's|^/etc/init.d/||p'); do update-rc.d "$script" disable >&2 || :; done
  fi
}
purge_all() {
  here=$(for one in $1; do [ "$(dpkg-query -W -f='\${db:Status-Status}' "$one" 2>/dev/null)" = installed ] && echo "$one"; done || :)
  if [ -n "$here" ]; then
    others=$(apt-get -s purge $here | sed -n 's/^\\(Purg\\|Remv\\) \\([^ ]*\\).*/\\2/p' | sort -u | while read -r one; do
      printf '%s\\n' $here | grep -qxF -- "$one" || echo "$one"
    done)
    if [ -n "$others" ]; then
      echo "nothing was purged: these need what would go, and pgstead has not installed them: $(echo $others)" >&2
      exit 1
    fi
    apt-get -q -y -o DPkg::Lock::Timeout=120 purge $here >&2
  fi
  ours > "$record.new"
  { sed -n '/^#/p' "$record"; for one in $(cat "$record.new"); do
    case " $(echo $1) " in *" $one "*) ;; *) echo "$one" ;; esac
  done; } > "$record.kept"
  mv "$record.kept" "$record"
  rm -f "$record.new"
}`;

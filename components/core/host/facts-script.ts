/**
 * A script of `/bin/sh`, for root, that prints all that is to be known of a host's servers at once
 * (core/host/facts.ts reads it). It changes nothing.
 *
 * - Debian: `pg_lsclusters` (postgresql-common).
 * - RPM: `/var/lib/pgsql/<version>/data` with `/usr/pgsql-<version>/bin` and `postgresql-<version>` (PGDG), and
 *   `/var/lib/pgsql/data` with `/usr/bin` and `postgresql` (the distribution's own).
 */
export const hostFactsScript = `
export LC_ALL=C
cd /
has() { command -v "$1" >/dev/null 2>&1; }
yes() { if "$@"; then echo yes; else echo no; fi; }
line() { sed -n "$2p" "$1/postmaster.pid" 2>/dev/null; }
# A file that a crash left names a number that another program may have by now.
runs() {
  pid=$(line "$1" 1)
  case $(cat "/proc/$pid/comm" 2>/dev/null) in postgres | postmaster) return 0 ;; esac
  return 1
}
cluster() { # layout, version, name, data directory, owner, port that it is set to
  echo cluster
  echo "layout=$1"; echo "version=$2"; echo "name=$3"; echo "data=$4"; echo "owner=$5"
  case $1 in
    debian) config=/etc/postgresql/$2/$3; bin=/usr/lib/postgresql/$2/bin; unit=postgresql@$2-$3.service ;;
    *) config=$4
       if [ -d "/usr/pgsql-$2/bin" ]; then bin=/usr/pgsql-$2/bin; unit=postgresql-$2.service
       else bin=/usr/bin; unit=postgresql.service; fi ;;
  esac
  echo "config=$config"; echo "bin=$bin"
  if has systemctl && [ "$(systemctl show -p LoadState --value "$unit" 2>/dev/null)" = loaded ]; then echo "unit=$unit"; fi
  if runs "$4"; then
    echo "pid=$pid"; echo "port=$(line "$4" 4)"; echo "start=$(line "$4" 1) $(line "$4" 2) $(line "$4" 3)"
  else
    echo "port=$6"
  fi
  "$bin/pg_controldata" -D "$4" 2>/dev/null | sed -n 's/^Database system identifier: */identifier=/p'
}
set_port() { # bin, data directory, owner
  (cd "$2" && runuser -u "$3" -- "$1/postgres" -C port -D "$2" 2>/dev/null) || echo 5432
}
echo host
grep -E '^(ID|VERSION_CODENAME|PRETTY_NAME)=' /etc/os-release 2>/dev/null
echo "systemd=$(yes test -d /run/systemd/system)"
echo "postgresql-common=$(yes has pg_lsclusters)"
if has pg_lsclusters; then
  pg_lsclusters --no-header | while read -r version name port _ owner data log; do
    cluster debian "$version" "$name" "$data" "$owner" "$port"
    case $log in /*) echo "log=$log" ;; esac
  done
fi
for data in /var/lib/pgsql/data /var/lib/pgsql/*/data; do
  [ -e "$data/PG_VERSION" ] || continue
  version=$(cat "$data/PG_VERSION"); owner=$(stat -c %U "$data")
  bin=/usr/bin; [ -d "/usr/pgsql-$version/bin" ] && bin=/usr/pgsql-$version/bin
  cluster rpm "$version" data "$data" "$owner" "$(set_port "$bin" "$data" "$owner")"
done
echo end
`;

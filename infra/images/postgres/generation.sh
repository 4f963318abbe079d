# shellcheck shell=sh
# The data volume: generations (`1`, `2`, …), each a whole data directory, and `current`, a link to one of them.

volume=${PGDATA%/*}
server_files=/etc/pgstead/server
auto_file=postgresql.auto.conf
proven_file=$auto_file.pgstead-proven
attempt_file=pgstead-start-attempt

say() { printf 'pgstead: %s\n' "$*" >&2; }

refuse() {
  say "$*"
  exit 78 # EX_CONFIG: starting again does not mend it
}

# One server at a time: postmaster.pid does not tell of a server in another container, whose processes it cannot see.
# The lock goes over to postgres, and ends with the last of its processes.
lock_volume() {
  [ -w "$volume" ] || refuse "$volume is not writable for uid $(id -u): mount a volume there that belongs to 999:999"
  exec 9>"$volume/lock"
  flock --exclusive --timeout 10 9 || refuse "another container runs a server on this data volume: stop that one first"
}

has_current() {
  [ -L "$PGDATA" ] || return 1
  [ -f "$PGDATA/PG_VERSION" ] || refuse "$PGDATA leads to $(readlink "$PGDATA"), which is no data directory: put the data back, or restore a backup"
}

# Data that nothing leads to may be all that somebody has: only an interrupted first start is gone on with.
assert_new() {
  for entry in "$volume"/* "$volume"/.[!.]*; do
    case ${entry##*/} in
      '*' | '.[!.]*' | lock | lost+found | 1.partial | current.partial) ;;
      1) [ -f "$entry/PG_VERSION" ] || refuse "$entry is no data directory: move it away" ;;
      *) refuse "the data volume has no link 'current', and holds ${entry##*/}: lead 'current' to a data directory, or move that away" ;;
    esac
  done
}

# initdb puts the name between quotes and does not double those in it.
assert_administrator() {
  case ${PGSTEAD_ADMINISTRATOR:-} in
    '') refuse "PGSTEAD_ADMINISTRATOR is not set: name the administrator (a role) for the first start" ;;
    *[\"\\]* | *[[:cntrl:]]*) refuse "PGSTEAD_ADMINISTRATOR has a quote, a backslash or a control character: choose another name" ;;
  esac
}

# initdb works in 1.partial, which becomes 1 once it is whole and on the disk.
initialize() {
  if [ ! -e "$volume/1" ]; then
    assert_administrator
    [ -r "$server_files/administrator.verifier" ] || refuse "$server_files/administrator.verifier is missing or not readable: it holds the SCRAM verifier of the administrator's password"
    say "initializing PostgreSQL $(image_version) with data checksums"
    rm -rf "$volume/1.partial"
    # The locale is the same on every platform: the order of C, and PostgreSQL's own C.UTF-8 for upper and lower case.
    initdb --pgdata="$volume/1.partial" --data-checksums --encoding=UTF8 \
      --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 \
      --username="$PGSTEAD_ADMINISTRATOR" --pwfile="$server_files/administrator.verifier" \
      --auth-local=peer --auth-host=scram-sha-256 >/dev/null
    write_access "$volume/1.partial"
    sync --file-system "$volume/1.partial"
    mv -T "$volume/1.partial" "$volume/1"
  fi
  ln -sfn 1 "$volume/current.partial"
  mv -T "$volume/current.partial" "$PGDATA"
  sync --file-system "$volume"
}

# Nobody but the administrator, from outside with TLS only; the declared rules take this file's place.
write_access() {
  administrator=\"$PGSTEAD_ADMINISTRATOR\"
  cat >"$1/pg_hba.conf" <<END
# TYPE  DATABASE  USER  ADDRESS  METHOD
local   all       $administrator          peer map=pgstead
hostssl all       $administrator  all     scram-sha-256
END
  cat >"$1/pg_ident.conf" <<END
# MAPNAME  SYSTEM-USERNAME  PG-USERNAME
pgstead    postgres         $administrator
END
}

assert_major() {
  data=$(cat "$PGDATA/PG_VERSION")
  image=$(image_version)
  [ "$data" = "${image%%.*}" ] || refuse "the data is of PostgreSQL $data, this image has PostgreSQL $image: use an image of PostgreSQL $data, or dump and restore"
}

image_version() { postgres --version | sed 's/^[^0-9]*\([0-9.]*\).*/\1/'; }

include_container_settings() {
  line="include '/usr/share/pgstead/container.conf'"
  grep -qxF "$line" "$PGDATA/postgresql.conf" || printf '\n%s\n' "$line" >>"$PGDATA/postgresql.conf"
}

# A server died between a new pg_hba.conf and its proof: nobody knows whether anybody could log in with the new one.
settle_access() {
  previous=$PGDATA/pg_hba.conf.pgstead-previous
  [ -e "$previous" ] || return 0
  say "pg_hba.conf was changed and never proven by a login: the rules before are put back"
  mv -f "$previous" "$PGDATA/pg_hba.conf"
}

# Settings that wait for the restart that proves them get one start; if no server came up, what was proven is put back.
settle_settings() {
  attempt=$PGDATA/$attempt_file
  if [ ! -e "$PGDATA/$proven_file" ]; then
    rm -f "$attempt"
  elif [ -e "$attempt" ] && ! came_up_since "$(cat "$attempt")"; then
    say "the server did not start with its changed settings: the settings before are put back"
    mv -f "$PGDATA/$proven_file" "$PGDATA/$auto_file"
    rm -f "$attempt"
  else
    control_state >"$attempt"
  fi
}

# A server that comes up says so in pg_control ("in production"); one that does not leaves it alone, or in recovery.
came_up_since() {
  [ "$(control_state)" != "$1" ] || return 1
  ! pg_controldata "$PGDATA" | grep -q '^Database cluster state:.*recovery'
}

control_state() { cksum <"$PGDATA/global/pg_control"; }

#!/bin/sh
# Starts PostgreSQL on the current generation of the data volume, and makes the first one where there is none.
#
# Killed at any point, the next start goes on from a state that is whole. What is not understood is refused in one line
# and left as it is.
set -eu

# shellcheck source=SCRIPTDIR/generation.sh
. /usr/lib/pgstead/generation.sh

main() {
  lock_volume
  if ! has_current; then
    assert_new
    initialize
  fi
  assert_major
  include_container_settings
  settle_access
  settle_settings
  cd "$PGDATA"
  # No settings here: one that is given on the command line could not be changed by ALTER SYSTEM.
  exec postgres
}

main

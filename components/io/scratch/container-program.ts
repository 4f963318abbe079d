/** Where the server's socket is in its container. */
export const socketDirectory = "/tmp";

/**
 * What the container runs. Its standard input has the administrator's verifier, then lines of postgresql.conf up to a
 * dot; at the end of it, when whoever made the container is gone, the server ends at once.
 */
const program = `set -eu
umask 077
administrator=$1
shift
exec 3<&0
IFS= read -r verifier <&3
printf '%s\\n' "$verifier" >/tmp/verifier
initdb --pgdata="$PGDATA" --no-sync --username="$administrator" --pwfile=/tmp/verifier --auth=scram-sha-256 "$@" >/dev/null
rm /tmp/verifier
while IFS= read -r line <&3 && [ "$line" != . ]; do printf '%s\\n' "$line"; done >>"$PGDATA/postgresql.conf"
sed -n "s/^port = '\\([0-9]*\\)'$/\\1/p" "$PGDATA/postgresql.conf" >/tmp/port
{ cat <&3 >/dev/null; kill -QUIT $$; } &
exec postgres`;

/** @param locale further arguments of `initdb` */
export function scratchCommand(administrator: string, locale: readonly string[]): string[] {
  return ["sh", "-c", program, "scratch", administrator, ...locale];
}

/**
 * Nothing of it has to outlive a crash, and nobody reads its log. Thousands of tables in one transaction need as many
 * locks.
 *
 * @param port of loopback; undefined: the socket alone
 */
export function scratchSettings(port: number | undefined): Readonly<Record<string, string>> {
  return {
    listen_addresses: port === undefined ? "" : "127.0.0.1",
    port: String(port ?? 5432),
    unix_socket_directories: socketDirectory,
    cluster_name: "pgstead scratch",
    fsync: "off",
    full_page_writes: "off",
    autovacuum: "off",
    max_locks_per_transaction: "256",
    // Statements of migrations are nobody's to keep, whatever a library logs.
    log_min_messages: "fatal",
    log_min_error_statement: "panic",
    logging_collector: "off",
    log_destination: "stderr",
  };
}

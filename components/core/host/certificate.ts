import { quoteShell } from "../shell";

/** Files of the server's certificate on its host, in a directory of the stack's own. */
export function certificatePlaces(stack: string) {
  const directory = `/etc/pgstead/${stack.replaceAll(/[^A-Za-z0-9]+/g, "-")}-tls`;
  return {
    directory,
    certificate: `${directory}/server.crt`,
    key: `${directory}/server.key`,
    authority: `${directory}/ca.crt`,
  };
}

/** What the server has to be told of them (`ssl`, `ssl_cert_file`, `ssl_key_file`): a reload each. */
export function certificateSettings(stack: string): Readonly<Record<string, string>> {
  const { certificate, key } = certificatePlaces(stack);
  return { ssl: "on", ssl_cert_file: certificate, ssl_key_file: key };
}

/** Has the server read its certificate again. No session ends. */
export function reloadServerScript(
  { cluster, port }: { readonly cluster: string | undefined; readonly port: number },
  revision: string,
): string {
  const find =
    cluster === undefined
      ? `pg_lsclusters -h | awk '$3 == ${port} { print $1, $2 }'`
      : `echo ${quoteShell(cluster.replace("/", " "))}`;
  return `set -eu
# files of ${revision}
command -v pg_lsclusters >/dev/null || { echo "there is no pg_lsclusters: reload the server by hand (SELECT pg_reload_conf())" >&2; exit 1; }
set -- $(${find})
[ "$#" -eq 2 ] || { echo "no cluster, or several, at port ${port}: name it in pgstead:server.onHost.cluster" >&2; exit 1; }
# One that is down reads its files when it starts.
pg_ctlcluster "$1" "$2" status >/dev/null || exit 0
pg_ctlcluster "$1" "$2" reload
`;
}

import type { ConnectionTarget } from "../../../components/core/connection";
import { provenCluster } from "../../../components/io/host/server-control";
import { closeHosts } from "../../../components/io/host/shell";
import { withSession } from "../../../components/io/session";

/**
 * The cluster of the SSH host that is the server, which is proven. Reads only.
 *
 * @throws ProblemError the server is not on that host, or the account may not do root's work there
 */
export async function findCluster({ ssh, ...server }: ConnectionTarget): Promise<string> {
  if (ssh === undefined) throw new Error("the host is looked for without a way to it");
  const host = { ssh, become: ssh.user === "root" ? "none" : "sudo" } as const;
  try {
    return await withSession({ ssh, ...server }, { readOnly: true }, async (session) => {
      const { name } = await provenCluster({ kind: "host", host, port: server.port }, session);
      return name;
    });
  } finally {
    await closeHosts();
  }
}

import { renderAddress } from "../connection";
import { quoteShell } from "../shell";
import { renderWayHop, type SshWay } from "./way";

/**
 * The command with which a person opens the same way: OpenSSH's own client, which asks for what it needs. The server is
 * then on this machine's loopback address, at its own port.
 */
export function sshCommand({ host, port, ssh }: { host: string; port: number; ssh: SshWay }): string {
  const behind = renderAddress({ host, port });
  const { bastion, keyFile } = ssh;
  const words = [
    ...["ssh", "-N", "-L", `127.0.0.1:${port}:${behind}`],
    ...(keyFile === undefined ? [] : ["-i", keyFile]),
    ...(bastion === undefined ? [] : ["-J", renderWayHop(bastion)]),
    ...(ssh.port === 22 ? [] : ["-p", String(ssh.port)]),
    `${ssh.user}@${ssh.host}`,
  ];
  // The shell itself has to see the tilde.
  return words.map((word) => (/^~\/[\w./-]+$/.test(word) ? word : quoteShell(word))).join(" ");
}

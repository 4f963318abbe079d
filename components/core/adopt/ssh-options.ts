import { ProblemError, type Problem } from "../problem";
import type { SshWay, SshWayHop } from "../ssh/way";
import { written, type WrittenMap } from "./found";

/** The way to a server as a command line has it. */
export interface SshOptions {
  /** `user@host` or `user@host:port`. */
  readonly ssh?: string;
  readonly sshKey?: string;
  readonly sshHostKey?: string;
  /** As `ssh`; known_hosts proves it. */
  readonly sshBastion?: string;
  /** Whether the last host is managed as well. */
  readonly onHost?: boolean;
}

/**
 * The way that options declare; undefined: they declare none.
 *
 * @throws ProblemError with everything that is wrong
 */
export function parseSshOptions({
  ssh,
  sshKey,
  sshHostKey,
  sshBastion,
  onHost,
}: SshOptions): SshWay | undefined {
  const problems: Problem[] = [];
  const more = Object.entries({
    "--ssh-key": sshKey,
    "--ssh-host-key": sshHostKey,
    "--ssh-bastion": sshBastion,
    "--on-host": onHost === true ? "" : undefined,
  });
  if (ssh === undefined) {
    const alone = more.filter(([, value]) => value !== undefined).map(([name]) => name);
    if (alone.length === 0) return undefined;
    const hint = "add --ssh user@host, the host that the server is reached over";
    throw new ProblemError("the way over SSH", [
      { path: alone.join(", "), message: "says nothing without --ssh", hint },
    ]);
  }
  const own = sshKey === undefined ? {} : { keyFile: sshKey };
  const last = parseHop("--ssh", ssh, problems);
  const bastion = sshBastion === undefined ? undefined : parseHop("--ssh-bastion", sshBastion, problems);
  if (problems.length > 0) throw new ProblemError("the way over SSH", problems);
  return {
    ...last,
    ...own,
    ...(sshHostKey === undefined ? {} : { hostKey: sshHostKey }),
    ...(bastion === undefined ? {} : { bastion: { ...bastion, ...own } }),
  };
}

const pattern =
  /^(?<user>[^\s@/,-][^\s@/,]*)@(?<host>\[[0-9A-Fa-f:.]+\]|[^\s@/,:[\]-][^\s@/,:[\]]*)(?::(?<port>\d{1,5}))?$/;

function parseHop(path: string, text: string, problems: Problem[]): SshWayHop {
  const { user = "", host = "", port = "22" } = pattern.exec(text)?.groups ?? {};
  if (host === "" || Number(port) < 1 || Number(port) > 65_535) {
    const hint = "write it such as deploy@db1.example.com or deploy@db1.example.com:2222";
    problems.push({ path, message: `${JSON.stringify(text)} is not an account of a host`, hint });
  }
  return { user, host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

/** The way as `pgstead:server.ssh`, without what is usual. */
export function writeSsh({ bastion, ...last }: SshWay): WrittenMap {
  return written({ ...writeHop(last), bastion: bastion === undefined ? undefined : writeHop(bastion) });
}

function writeHop({ port, ...hop }: SshWayHop): WrittenMap {
  return written({ ...hop, port: port === 22 ? undefined : port });
}

import { problemError, type ProblemError } from "../problem";
import { renderWayHop } from "../ssh/way";
import type { HostPlace } from "./place";

/** How a distribution lays PostgreSQL out: Debian's postgresql-common, or the RPM packages (PGDG's or the distribution's). */
export type HostLayout = "debian" | "rpm";

/** One data directory of a host, and all that it takes to manage its server there. */
export interface HostCluster {
  readonly layout: HostLayout;
  /** As Debian writes it, such as `17/main`; `17/data` with RPM packages. */
  readonly name: string;
  /** Major version of the data directory. */
  readonly version: string;
  readonly dataDirectory: string;
  /** Where postgresql.conf is. */
  readonly configDirectory: string;
  /** Where `postgres` and `pg_ctl` are. */
  readonly binDirectory: string;
  /** What the server writes before it opens a log of its own; absent: the journal has it. */
  readonly logFile?: string;
  readonly owner: string;
  /** Port that it listens at, or is set to; absent: nobody can tell. */
  readonly port?: number;
  /** Number of its main process; absent: it does not run. */
  readonly pid?: number;
  /** First three lines of postmaster.pid: they name one start of one server. */
  readonly start?: string;
  /** The number that tells it from every other one (`pg_controldata`); absent: it cannot be read. */
  readonly systemIdentifier?: string;
  /** systemd's unit; absent: no systemd, or it has none for it. */
  readonly unit?: string;
}

/** What a host is, as far as it has to do with its servers. */
export interface HostFacts {
  /** `PRETTY_NAME` of /etc/os-release. */
  readonly system: string;
  /** `ID`, such as `debian`. */
  readonly id: string;
  /** `VERSION_CODENAME`, such as `trixie`; empty where there is none. */
  readonly codename: string;
  /** Whether systemd is process 1: else there are no units and no timers. */
  readonly hasSystemd: boolean;
  /** Whether Debian's postgresql-common is there. */
  readonly hasPostgresqlCommon: boolean;
  readonly clusters: readonly HostCluster[];
}

/**
 * Reads what the script of {@link hostFactsScript} prints: a block for the host and one for each data directory, each line
 * a key, `=` and a value. Pure.
 *
 * @throws Error it is not whole: its last line is missing
 */
export function parseHostFacts(printed: string): HostFacts {
  const lines = printed.split("\n").filter((line) => line !== "");
  if (lines.at(-1) !== "end") throw new Error(`what the host says of itself is not whole: ${printed}`);
  const blocks: Map<string, string>[] = [];
  for (const line of lines.slice(0, -1)) {
    if (line === "host" || line === "cluster") {
      blocks.push(new Map());
      continue;
    }
    const split = line.indexOf("=");
    blocks.at(-1)?.set(line.slice(0, split), line.slice(split + 1));
  }
  const [host = new Map<string, string>(), ...clusters] = blocks;
  return {
    system: unquote(host.get("PRETTY_NAME")) || "unknown",
    id: unquote(host.get("ID")),
    codename: unquote(host.get("VERSION_CODENAME")),
    hasSystemd: host.get("systemd") === "yes",
    hasPostgresqlCommon: host.get("postgresql-common") === "yes",
    clusters: clusters.map((block) => readCluster(block, host.get("systemd") === "yes")),
  };
}

/** A value of /etc/os-release may stand in quotes. */
function unquote(value = ""): string {
  return value.replace(/^(["'])(.*)\1$/, "$2");
}

function readCluster(block: ReadonlyMap<string, string>, hasSystemd: boolean): HostCluster {
  const text = (key: string): string => block.get(key) ?? "";
  const version = text("version");
  const name = `${version}/${text("name")}`;
  const [port, pid] = [Number(text("port")), Number(text("pid"))];
  const unit = hasSystemd ? text("unit") : "";
  return {
    layout: text("layout") === "rpm" ? "rpm" : "debian",
    name,
    version,
    dataDirectory: text("data"),
    configDirectory: text("config"),
    binDirectory: text("bin"),
    owner: text("owner"),
    ...(text("log") === "" ? {} : { logFile: text("log") }),
    ...(port > 0 ? { port } : {}),
    ...(pid > 0 ? { pid, start: text("start") } : {}),
    ...(/^\d+$/.test(text("identifier")) ? { systemIdentifier: text("identifier") } : {}),
    ...(unit === "" ? {} : { unit }),
  };
}

/** Which data directory of a host is meant. */
export interface ClusterChoice {
  /** As declared, such as `17/main`; absent: the one of the port. */
  readonly cluster?: string | undefined;
  /** Port of the server as the host itself sees it. */
  readonly port: number;
}

/**
 * The data directory that is meant.
 *
 * @throws ProblemError there is none, or there are several
 */
export function chooseCluster(
  place: HostPlace,
  facts: HostFacts,
  { cluster, port }: ClusterChoice,
): HostCluster {
  const where = `host ${renderWayHop(place.ssh)}`;
  const { clusters } = facts;
  const known = clusters.map(({ name, port: at }) => `${name} (port ${at ?? "unknown"})`).join(", ");
  if (clusters.length === 0) throw noCluster(where, facts);
  if (cluster !== undefined) {
    const named = clusters.find(({ name }) => name === cluster);
    if (named !== undefined) return named;
    const hint = `it has ${known}: name one of them in pgstead:server.onHost.cluster.`;
    throw problemError(where, `it has no cluster ${cluster}`, hint);
  }
  const found = clusters.filter(({ port: at }) => at === port);
  const running = found.filter(({ pid }) => pid !== undefined);
  const [only] = running.length === 1 ? running : found;
  if (only !== undefined && (running.length === 1 || found.length === 1)) return only;
  if (found.length > 1) {
    const names = found.map(({ name }) => name).join(" and ");
    const hint = "name the one that is meant in pgstead:server.onHost.cluster.";
    throw problemError(where, `${names} are both set to port ${port}`, hint);
  }
  const hint = `it has ${known}. Is the server in a container, or on another host? Then remove pgstead:server.onHost, or name that host in pgstead:server.ssh.`;
  throw problemError(where, `no cluster of it listens at port ${port}`, hint);
}

function noCluster(where: string, { hasPostgresqlCommon, system }: HostFacts): ProblemError {
  if (hasPostgresqlCommon) {
    const hint =
      "is the server on another host? Name that one in pgstead:server.ssh; `pg_lsclusters` there tells.";
    return problemError(where, "it has postgresql-common and no cluster (`pg_lsclusters` is empty)", hint);
  }
  const hint =
    "pgstead knows Debian's layout (package postgresql-common) and that of RPM packages (/var/lib/pgsql). Remove pgstead:server.onHost to manage the server over SQL alone.";
  return problemError(where, `it (${system}) has no PostgreSQL that is laid out as its packages do`, hint);
}

/** What a session says of the server that it is on. */
export interface SessionServer {
  readonly systemIdentifier: string;
  /** First three lines of its postmaster.pid. */
  readonly start: string;
}

/**
 * Proves that a data directory of the host is that of the server of the sessions: a copy of it has the same identifier,
 * and a start of its own.
 *
 * @throws ProblemError it is another one
 */
export function assertClusterOf(place: HostPlace, cluster: HostCluster, session: SessionServer): void {
  const { systemIdentifier, start, name } = cluster;
  if (systemIdentifier === session.systemIdentifier && start === session.start) return;
  const where = `cluster ${name} on ${renderWayHop(place.ssh)}`;
  const what =
    systemIdentifier !== session.systemIdentifier
      ? `its system identifier is ${systemIdentifier ?? "not to be read"}, and the server of the sessions has ${session.systemIdentifier}`
      : "it is a copy of the server of the sessions, and not that server";
  const hint =
    "does the port lead to another host or into a container? Name the server's own host in pgstead:server.ssh, and its cluster in pgstead:server.onHost.cluster.";
  throw problemError(where, what, hint);
}

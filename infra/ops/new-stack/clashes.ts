import { isDeepStrictEqual } from "node:util";
import type { StackConfig } from "../../config";

/** Something to look at in a new stack's file: nothing is wrong with the file alone. */
export interface StackNote {
  /** A key of the file, such as `pgstead:server.port`. */
  readonly subject: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * What a new stack has that another one has as well, and that there is only once: names and ports on one Docker host,
 * the port and the directory of an embedded server, a server that is there already. Pure.
 */
export function findClashes(config: StackConfig, others: readonly StackConfig[]): StackNote[] {
  const same = others.filter(({ target, stack }) => target === config.target && stack !== config.stack);
  switch (config.target) {
    case "docker":
      return dockerClashes(config, same.filter(isOnEngineOf(config)));
    case "embedded":
      return embeddedClashes(config, same);
    case "existing":
      return existingClashes(config, same);
    case "ha":
      return [];
  }
}

function isOnEngineOf({ docker }: StackConfig): (other: StackConfig) => boolean {
  return (other) => isDeepStrictEqual(other.docker?.engine, docker?.engine);
}

function dockerClashes(config: StackConfig, others: readonly StackConfig[]): StackNote[] {
  const { docker } = config;
  if (docker === undefined) return [];
  const elsewhere = "or name another Docker host in pgstead:docker.host";
  const named = others.filter((other) => other.docker?.name === docker.name);
  const networked = others.filter(
    (other) => docker.subnet !== undefined && other.docker?.subnet === docker.subnet,
  );
  return [
    ...note("pgstead:docker.name", named, {
      what: `${docker.name} begins the names of containers, volumes and networks of`,
      hint: `choose another one, such as pgstead-${config.stack}, ${elsewhere}`,
    }),
    ...portClashes(config, others, elsewhere),
    ...note("pgstead:docker.subnet", networked, {
      what: `${docker.subnet ?? ""} is the network of`,
      hint: `choose another one, or none: Docker then takes one that is free; ${elsewhere}`,
    }),
  ];
}

interface Published {
  readonly key: string;
  readonly port: number;
  /** Addresses of the host that it is published on. */
  readonly addresses: readonly string[];
}

function portClashes(config: StackConfig, others: readonly StackConfig[], elsewhere: string): StackNote[] {
  const own = publishedBy(config);
  const taken = new Set([...own, ...others.flatMap(publishedBy)].map(({ port }) => port));
  return own.flatMap((published) => {
    const holders = others.filter((other) => publishedBy(other).some((one) => overlaps(one, published)));
    if (holders.length === 0) return [];
    const free = nextFree(published.port, taken);
    taken.add(free);
    return note(published.key, holders, {
      what: `port ${published.port} is published by`,
      hint: `set it to another one, such as ${free}, ${elsewhere}`,
    });
  });
}

function publishedBy({ server, docker }: StackConfig): Published[] {
  const { prometheusPort, alertmanagerPort, grafana } = docker?.monitoring ?? {};
  const healthPort = docker?.healthPort;
  const monitoring = [
    { key: "pgstead:monitoring.prometheusPort", port: prometheusPort },
    { key: "pgstead:monitoring.alertmanagerPort", port: alertmanagerPort },
    { key: "pgstead:monitoring.healthPort", port: healthPort },
    { key: "pgstead:monitoring.grafana.port", port: grafana?.port },
  ];
  return [
    { key: "pgstead:server.port", port: server.port, addresses: docker?.publish ?? [] },
    ...monitoring.flatMap(({ key, port }) =>
      port === undefined ? [] : [{ key, port, addresses: ["127.0.0.1"] }],
    ),
  ];
}

const everywhere = ["0.0.0.0", "::"];

function overlaps(one: Published, other: Published): boolean {
  if (one.port !== other.port) return false;
  const isEverywhere = [...one.addresses, ...other.addresses].some((address) => everywhere.includes(address));
  return isEverywhere || one.addresses.some((address) => other.addresses.includes(address));
}

function nextFree(port: number, taken: ReadonlySet<number>): number {
  let free = port + 1;
  while (taken.has(free)) free += 1;
  return free <= 65_535 ? free : 1024;
}

function embeddedClashes(config: StackConfig, others: readonly StackConfig[]): StackNote[] {
  const { port, dataDirectory } = config.server;
  const taken = new Set([port, ...others.map(({ server }) => server.port)]);
  return [
    ...note(
      "pgstead:server.port",
      others.filter(({ server }) => server.port === port),
      {
        what: `${port} is the port of the server of`,
        hint: `set it to another one, such as ${nextFree(port, taken)}`,
      },
    ),
    ...note(
      "pgstead:server.dataDirectory",
      others.filter(({ server }) => dataDirectory !== undefined && server.dataDirectory === dataDirectory),
      {
        what: `${dataDirectory ?? ""} is the data directory of`,
        hint: "remove it, and the stack gets one of its own, or name another one",
      },
    ),
  ];
}

function existingClashes(config: StackConfig, others: readonly StackConfig[]): StackNote[] {
  const { port, existing } = config.server;
  const place = `${existing?.host ?? ""}:${port}`;
  const same = others.filter(
    ({ server }) => server.port === port && server.existing?.host === existing?.host,
  );
  return note("pgstead:server.host", same, {
    what: `${place} is the server of`,
    hint: "name another server: two stacks of one server would undo what the other one does",
  });
}

function note(
  subject: string,
  holders: readonly StackConfig[],
  { what, hint }: { readonly what: string; readonly hint: string },
): StackNote[] {
  if (holders.length === 0) return [];
  const stacks = holders.map(({ stack }) => `stack ${stack}`).toSorted();
  return [{ subject, message: `${what} ${stacks.join(" and ")} as well`, hint }];
}

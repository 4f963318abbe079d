import { describe, expect, test } from "vitest";
import { assertClusterOf, chooseCluster, parseHostFacts } from "../../../../components/core/host/facts";
import type { HostPlace } from "../../../../components/core/host/place";

const place: HostPlace = { ssh: { host: "db1", port: 22, user: "deploy" }, become: "sudo" };

/** What the script printed on a host of Debian 12 without systemd, and of Debian 13 with it. */
const bookworm = `host
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
systemd=no
postgresql-common=yes
cluster
layout=debian
version=15
name=main
data=/var/lib/postgresql/15/main
owner=postgres
config=/etc/postgresql/15/main
bin=/usr/lib/postgresql/15/bin
pid=29
port=5432
start=29 /var/lib/postgresql/15/main 1795370427
identifier=7711057223660841386
log=/var/log/postgresql/postgresql-15-main.log
end
`;
const trixie = `host
PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
VERSION_CODENAME=trixie
ID=debian
systemd=yes
postgresql-common=yes
cluster
layout=debian
version=17
name=main
data=/var/lib/postgresql/17/main
owner=postgres
config=/etc/postgresql/17/main
bin=/usr/lib/postgresql/17/bin
unit=postgresql@17-main.service
pid=169
port=5432
start=169 /var/lib/postgresql/17/main 1795370523
identifier=7711057586256268544
log=/var/log/postgresql/postgresql-17-main.log
end
`;
/** As the script prints it for the packages of PGDG and of the distribution; no such host was at hand. */
const rocky = `host
PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"
ID="rocky"
systemd=yes
postgresql-common=no
cluster
layout=rpm
version=13
name=data
data=/var/lib/pgsql/data
owner=postgres
config=/var/lib/pgsql/data
bin=/usr/bin
unit=postgresql.service
port=5433
identifier=7711057586256268111
cluster
layout=rpm
version=17
name=data
data=/var/lib/pgsql/17/data
owner=postgres
config=/var/lib/pgsql/17/data
bin=/usr/pgsql-17/bin
unit=postgresql-17.service
pid=911
port=5432
start=911 /var/lib/pgsql/17/data 1795370523
identifier=7711057586256268222
end
`;

const one = (text: string) => parseHostFacts(text).clusters[0];
const choose = (text: string, choice: { cluster?: string; port: number }) =>
  chooseCluster(place, parseHostFacts(text), choice);

describe("what a host says of itself", () => {
  test("is read for Debian with and without systemd", () => {
    expect(parseHostFacts(bookworm)).toMatchObject({
      ...{ system: "Debian GNU/Linux 12 (bookworm)", id: "debian", codename: "bookworm" },
      ...{ hasSystemd: false, hasPostgresqlCommon: true },
    });
    expect(one(bookworm)).toEqual({
      ...{ layout: "debian", name: "15/main", version: "15", owner: "postgres", port: 5432, pid: 29 },
      ...{ dataDirectory: "/var/lib/postgresql/15/main", configDirectory: "/etc/postgresql/15/main" },
      binDirectory: "/usr/lib/postgresql/15/bin",
      logFile: "/var/log/postgresql/postgresql-15-main.log",
      start: "29 /var/lib/postgresql/15/main 1795370427",
      systemIdentifier: "7711057223660841386",
    });
    expect(one(trixie)).toMatchObject({ name: "17/main", unit: "postgresql@17-main.service" });
    // A unit file says nothing where systemd does not run.
    expect(one(trixie.replace("systemd=yes", "systemd=no"))).not.toHaveProperty("unit");
  });

  test("is read for RPM packages, of PGDG and of the distribution", () => {
    expect(parseHostFacts(rocky)).toMatchObject({ id: "rocky", codename: "", hasPostgresqlCommon: false });
    expect(choose(rocky, { port: 5432 })).toMatchObject({
      ...{ layout: "rpm", name: "17/data", unit: "postgresql-17.service", binDirectory: "/usr/pgsql-17/bin" },
      configDirectory: "/var/lib/pgsql/17/data",
    });
    expect(choose(rocky, { port: 5433 })).toMatchObject({ name: "13/data", unit: "postgresql.service" });
    expect(choose(rocky, { port: 5433 })).not.toHaveProperty("pid");
  });

  test("that is cut off is not believed", () => {
    expect(() => parseHostFacts(trixie.slice(0, 300))).toThrow("is not whole");
    expect(() => parseHostFacts("")).toThrow("is not whole");
  });
});

describe("the cluster that is meant", () => {
  const copy = (text: string, changes: readonly (readonly [string, string])[]) =>
    text.replace(
      "\nend",
      `\n${changes.reduce((block, [a, b]) => block.replace(a, b), text.slice(text.indexOf("cluster"), -4))}\nend`,
    );
  const second = copy(bookworm, [["name=main", "name=other"]]);
  const stopped = copy(bookworm, [
    ["name=main", "name=other"],
    ["pid=29\n", ""],
    ["start=29", "stat=29"],
  ]);

  test("is the one of the port, the one that runs, or the one that is named", () => {
    expect(choose(bookworm, { port: 5432 }).name).toBe("15/main");
    expect(choose(stopped, { port: 5432 }).name).toBe("15/main");
    expect(choose(second, { cluster: "15/other", port: 5432 }).name).toBe("15/other");
  });

  test.each([
    [
      "none at the port",
      bookworm,
      { port: 5433 },
      /no cluster of it listens at port 5433[^]*it has 15\/main \(port 5432\)/,
    ],
    [
      "several at the port",
      second,
      { port: 5432 },
      /15\/main and 15\/other are both set to port 5432[^]*onHost.cluster/,
    ],
    [
      "none of the name",
      bookworm,
      { cluster: "17/main", port: 5432 },
      /it has no cluster 17\/main[^]*it has 15\/main/,
    ],
    [
      "none at all",
      bookworm.replace(/cluster[^]*end/, "end"),
      { port: 5432 },
      /postgresql-common and no cluster[^]*pg_lsclusters/,
    ],
    [
      "no packages of it",
      bookworm.replace(/cluster[^]*end/, "end").replace("common=yes", "common=no"),
      { port: 5432 },
      /Debian GNU\/Linux 12 \(bookworm\)\) has no PostgreSQL[^]*Remove pgstead:server.onHost/,
    ],
  ])("is refused with a hint: %s", (_what, text, choice, said) => {
    expect(() => choose(text, choice)).toThrow(said);
    expect(() => choose(text, choice)).toThrow("host deploy@db1:22");
  });

  test("is proven by its identifier, and a copy by its start", () => {
    const cluster = choose(trixie, { port: 5432 });
    const { systemIdentifier = "", start = "" } = cluster;
    expect(() => {
      assertClusterOf(place, cluster, { systemIdentifier, start });
    }).not.toThrow();
    expect(() => {
      assertClusterOf(place, cluster, { systemIdentifier: "1", start });
    }).toThrow("its system identifier is 7711057586256268544, and the server of the sessions has 1");
    expect(() => {
      assertClusterOf(place, cluster, { systemIdentifier, start: "7 /srv/copy 1" });
    }).toThrow("it is a copy of the server of the sessions");
  });
});

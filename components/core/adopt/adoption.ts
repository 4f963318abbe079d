import { isLoopback } from "../connection";
import { adoptDatabase, chooseDatabases, type AdoptedDatabase } from "./databases";
import {
  unless,
  written,
  type AdoptionNote,
  type FoundServer,
  type NameRules,
  type WrittenMap,
} from "./found";
import { adoptRoles, type AdoptedRole } from "./roles";
import { writeSsh } from "./ssh-options";
import { writeSettings } from "./settings";

/** A live server as a configuration, and what of it the configuration cannot say. */
export interface Adoption {
  /** Keys of the stack, with their namespace. */
  readonly config: WrittenMap;
  readonly databases: readonly AdoptedDatabase[];
  readonly roles: readonly AdoptedRole[];
  readonly notes: readonly AdoptionNote[];
}

/**
 * The configuration that describes a server as it is, so that a preview against it has nothing to do.
 *
 * Privileges are not taken over grant by grant: each database has `privileges: keep`, which leaves them as they are
 * until the line is removed.
 */
export function resolveAdoption(server: FoundServer, rules: NameRules): Adoption {
  const { chosen, notes: left } = chooseDatabases(server, rules);
  const names = chosen.map(({ actual }) => actual.name);
  const { roles, notes: leftRoles } =
    names.length === 0 ? { roles: [], notes: [] } : adoptRoles(server.catalog, names, rules, server);
  const databases = chosen.map((one) => adoptDatabase(one, roles, server.catalog.settings));
  return {
    config: {
      "pgstead:target": "existing",
      "pgstead:server": writeServer(server),
      ...writeDatabases(databases, roles),
    },
    databases,
    roles,
    notes: [...left, ...leftRoles, ...keptNotes(databases, server)],
  };
}

function writeServer({ host, port, tls, ssh, cluster, superuser, catalog }: FoundServer): WrittenMap {
  const usual = isLoopback(host) ? "disable" : "verify-full";
  const encryption = tls === undefined ? {} : written({ mode: unless<string>(tls.mode, usual), ca: tls.ca });
  return written({
    host,
    port: unless(port, 5432),
    ssh: ssh === undefined ? undefined : writeSsh(ssh),
    onHost: cluster === undefined ? undefined : { cluster },
    // What belongs to the whole server is claimed by a decision, not by having looked at it.
    shared: true,
    tls: Object.keys(encryption).length === 0 ? undefined : encryption,
    administrator: written({ name: catalog.manager, superuser: unless(superuser, true) }),
  });
}

/** One database in the short form, several by name. */
function writeDatabases(databases: readonly AdoptedDatabase[], roles: readonly AdoptedRole[]): WrittenMap {
  const entries = databases.map(({ name, entry }) => {
    const own = roles.filter(({ database }) => database === name);
    const declared = Object.fromEntries(own.map((role) => [role.key, role.entry]));
    return [name, { ...entry, ...(own.length === 0 ? {} : { roles: declared }) }] as const;
  });
  const [only] = entries;
  if (only === undefined || entries.length > 1) return { "pgstead:databases": Object.fromEntries(entries) };
  return { "pgstead:database": { name: only[0], ...only[1] } };
}

function keptNotes(databases: readonly AdoptedDatabase[], { settings, rules }: FoundServer): AdoptionNote[] {
  if (databases.length === 0) return [];
  const message =
    "privileges, default privileges and owners of objects stay as they are (`privileges: keep`); remove the line, and the preview shows the way to readers and writers";
  const names = databases.map(({ name }) => name).join(", ");
  return [
    { subject: `privileges in ${names}`, message },
    {
      subject: "the whole server",
      message: `postgresql.conf, pg_hba.conf${countRules(rules)} and what PUBLIC may on postgres and template1 stay as they are (\`shared: true\`)`,
    },
    ...settingsNote(settings),
  ];
}

/** Whoever declares the first setting of a server declares them all. */
function settingsNote(settings: readonly string[] = []): AdoptionNote[] {
  if (settings.length === 0) return [];
  const shown = settings.map((text) =>
    writeSettings([text]) === undefined ? `${text.split("=")[0] ?? ""}=…` : text,
  );
  const rest =
    "declare them as pgstead:server.settings when `shared` goes: what is not declared then is reset";
  return [{ subject: "postgresql.auto.conf", message: `ALTER SYSTEM set ${shown.join(", ")}; ${rest}` }];
}

function countRules(rules: number | undefined): string {
  if (rules === undefined) return "";
  return rules === 1 ? " (1 rule)" : ` (${rules} rules)`;
}

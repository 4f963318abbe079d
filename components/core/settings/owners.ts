import type { Refusal } from "../statement";

type Fault = Omit<Refusal, "subject">;

interface Owner {
  readonly names: RegExp;
  readonly message: string;
  readonly hint: string;
  /** True where an entry that nobody declared is left alone: another part, or another tool, keeps it. */
  readonly keeps: boolean;
}

/** Settings that have another owner: each setting has one. */
const owners: readonly Owner[] = [
  {
    names: /^(?:archive_(?:mode|command|library|timeout|cleanup_command)|restore_command|recovery_.+)$/,
    message: "belongs to archiving and recovery (resource PointInTimeRecovery), not to the server's settings",
    hint: "remove it here",
    keeps: true,
  },
  {
    names: /^(?:primary_conninfo|primary_slot_name)$/,
    message: "belongs to replication: who makes a standby writes it there",
    hint: "remove it here",
    keeps: true,
  },
  {
    names: /^(?:port)$/,
    message: "the server's port has its own word",
    hint: "remove it here, and write pgstead:server.port",
    keeps: false,
  },
  {
    names: /^(?:config_file|data_directory|hba_file|ident_file|external_pid_file)$/,
    message: "says where the server's files are: that is decided before it starts",
    hint: "remove it here",
    keeps: false,
  },
  {
    names: /^allow_alter_system$/,
    message: "would keep everybody from ALTER SYSTEM, and the server refuses it there",
    hint: "remove it here, or set it in postgresql.conf and remove all settings here",
    keeps: false,
  },
];

/** A server that is made here, by what it runs in. */
export type MadeServer = "embedded" | "docker";

/** What makes a server reachable where it runs, which is not the user's to change. */
const ofPlace: Readonly<Record<MadeServer, Owner>> = {
  embedded: {
    names: /^(?:listen_addresses|unix_socket_directories|cluster_name)$/,
    message: "an embedded server sets it itself at every start: it is on loopback only",
    hint: "remove it here",
    keeps: false,
  },
  docker: {
    names:
      /^(?:listen_addresses|unix_socket_(?:directories|group|permissions)|ssl|ssl_(?:cert|key|ca|crl)_(?:file|dir)|logging_collector|log_(?:destination|directory|filename|file_mode|truncate_on_rotation))$/,
    message:
      "the server's image sets it: other containers, clients with TLS and the ops container count on it",
    hint: "remove it here; addresses are pgstead:docker.publish, certificates pgstead:server.certificate, log files pgstead:server.logs",
    keeps: false,
  },
};

/** Why a setting cannot be declared; undefined: it can. */
export function foreignFault(name: string, made: MadeServer | undefined): Fault | undefined {
  const known = made === undefined ? owners : [...owners, ofPlace[made]];
  const owner = known.find(({ names }) => names.test(name.toLowerCase()));
  return owner === undefined ? undefined : { message: owner.message, hint: owner.hint };
}

/** True for an entry of postgresql.auto.conf that another part of pgstead, or another tool, keeps there. */
export function isKeptByOthers(name: string): boolean {
  return owners.some(({ names, keeps }) => keeps && names.test(name.toLowerCase()));
}

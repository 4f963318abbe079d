import { z } from "zod";
import { tlsModes } from "../../components/core/connection";
import { onHost } from "./schema-host";
import { sshWay } from "./schema-ssh";
import { choice, flag, map, text } from "./schema-words";

/** Keys of `pgstead:server` that only target existing has. */
export const existingServer = {
  host: text("a name, an address or the directory of a socket", {
    description:
      "Target existing: name or address of the primary server; or the directory of its socket on this machine, such as /var/run/postgresql.",
    example: "db.example.com",
    defaultText: "none, target existing needs it; `localhost` where `ssh` is given",
  }).optional(),
  shared: flag({
    description:
      "Target existing: true where this stack does not own what belongs to the whole server: no row `server` in `pgstead.owner`, no settings and no pg_hba.conf, and `postgres` and `template1` stay as they are.",
    example: "true",
    defaultText: "`false`",
  }).optional(),
  managed: flag({
    description:
      "Target existing: true for a managed service, whose settings and ways in are set with its own interface: what is declared of them is compared and told in the preview, listed by `npm run ops -- provider-settings`, and not refused.",
    example: "true",
    defaultText: "`false`",
  }).optional(),
  ssh: sshWay.optional(),
  onHost: onHost.optional(),
  tls: map(
    {
      mode: choice(tlsModes as readonly ["disable", "require", "verify-ca", "verify-full"], {
        description:
          "Libpq's `sslmode`: `disable` is in clear, `require` is encrypted with whoever answers, `verify-ca` proves the authority, `verify-full` the name as well.",
        example: "verify-full",
        defaultText: "`verify-full`, and `disable` on loopback and over a socket",
      }).optional(),
      ca: text("the path of a file", {
        description:
          "PEM file of the authorities that are believed (`sslrootcert`); a relative path is one of the project's directory.",
        example: "certificates/db.crt",
        defaultText: "the public authorities",
      }).optional(),
    },
    {
      description: "Target existing: encryption of the connection.",
      example: "{ mode: verify-full, ca: certificates/db.crt }",
      defaultText: "`verify-full` with public authorities, and none on loopback",
    },
  ).optional(),
};

/** Keys of `pgstead:server.administrator` that only target existing has. */
export const existingAdministrator = {
  superuser: flag({
    description:
      "Target existing: whether the login is a superuser. False for managed services; what only a superuser may do is then told in the preview.",
    example: "false",
    defaultText: "`true`",
  }).optional(),
  passwordFile: text("the path of a file", {
    description: "Target existing: file that holds the password, instead of `pgstead:administratorPassword`.",
    example: "/run/secrets/postgres",
    defaultText: "the file that PGSTEAD_ADMINISTRATOR_PASSWORD_FILE names",
  }).optional(),
};

/** A value in the program, where the engine has decrypted it; `{ secure: … }` in the file. */
export const administratorPassword = z
  .unknown()
  .meta({
    allowed: "a secret",
    secret: true,
    description:
      "Target existing: the administrator's password, written by `pulumi config set --secret` only.",
    example: "{ secure: v1:… }",
    defaultText: "none: `passwordFile` of the administrator is read",
  })
  .optional();

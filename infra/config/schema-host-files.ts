import { z } from "zod";
import { flag, integer, map, text } from "./schema-words";

/** Keys of `pgstead:server.onHost` about what lies on the host and is installed there. */
export const hostFiles = {
  certificate: map(
    {
      names: z
        .array(text("a name or an address", { description: "A name.", example: "db.example.com" }))
        .meta({
          allowed: "a list",
          description: "Names and addresses by which clients call the server.",
          example: "[db.example.com]",
          defaultText: "the name of the SSH host",
        })
        .optional(),
      validity: integer(1, 398, {
        description: "Days that a certificate is valid. `up` renews it.",
        example: "90",
        defaultText: "`90`",
      }).optional(),
      renewBefore: integer(1, 397, {
        description: "Days before its end from which `up` renews it, with a reload.",
        example: "30",
        defaultText: "`30`",
      }).optional(),
      ca: text("the path of a file", {
        description:
          "PEM file of an authority that you have; its key is `pgstead:caKey`. A relative path is one of the project's directory.",
        example: "certificates/ca.crt",
        defaultText: "none: the program makes one",
      }).optional(),
      file: text("the path of a file", {
        description:
          "PEM file of a certificate that you have, with those of its authorities after it, where none is to be issued.",
        example: "certificates/db1.crt",
        defaultText: "none: one is issued",
      }).optional(),
      keyFile: text("the path of a file", {
        description: "PEM file of its private key, without a passphrase. It is encrypted in the state.",
        example: "certificates/db1.key",
        defaultText: "none, `file` needs it",
      }).optional(),
    },
    {
      description:
        "The server's certificate: files of the host in a directory of the stack's own, and the settings `ssl`, `ssl_cert_file` and `ssl_key_file`. A renewal is a reload. `{}` issues one.",
      example: "{ names: [db.example.com] }",
      defaultText: "none: the server's own stays",
    },
  ).optional(),
  packages: z
    .array(text("the name of a package", { description: "A package.", example: "pgbackrest" }))
    .meta({
      allowed: "a list",
      description:
        "Debian's packages that are installed where they are not there. Their services are neither started nor enabled.",
      example: "[pgbackrest, prometheus-node-exporter]",
    })
    .default([]),
  purge: flag({
    description:
      "Whether `destroy`, or their removal from `packages`, purges what the stack has installed: only that, with what came along. False: it is listed (output `hostPackages`), and stays.",
    example: "true",
  }).default(false),
  exporter: map(
    {
      listen: text("an address and a port", {
        description: "Where it answers. What asks from afar needs an address that it reaches.",
        example: "10.0.0.5:9187",
      }).default("127.0.0.1:9187"),
    },
    {
      description:
        "postgres_exporter on the host, as a unit of systemd of its own, with the role of profile `monitor`. Its package is installed where it is not there. `{}` is enough.",
      example: "{ listen: 10.0.0.5:9187 }",
      defaultText: "none",
    },
  ).optional(),
};

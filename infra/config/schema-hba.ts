import { z } from "zod";
import { hbaMethods, hbaTypes } from "../../components/core/hba/rule";
import { splitWords } from "../../components/core/hba/word";
import { choice, flag, map, mapOf, text } from "./schema-words";

const words = (of: string, description: string, example: string) =>
  z
    .preprocess(
      (written) => (typeof written === "string" ? splitWords(written) : written),
      z.array(z.string()),
    )
    .meta({ allowed: `${of}, or a list of them`, description, example });

export const hbaRule = map(
  {
    type: choice(hbaTypes, {
      description:
        "How the client comes. Beyond loopback it has to be `hostssl` (or `hostgssenc`), unless the rule rejects or has `force: true`.",
      example: "hostssl",
    }),
    database: words(
      "a database",
      "Databases by name, or `all`, `sameuser`, `samerole`, `replication`, which `all` does not include; a name that is such a word stands in quotes: `'\"all\"'`.",
      "shop",
    ),
    user: words(
      "a role",
      "Roles by their name on the server, `+group` for all members of a role, or `all`.",
      "[shop_app, +shop_app_reader]",
    ),
    address: text("a network", {
      description:
        "Where the client comes from: a network in CIDR notation, `samehost`, `samenet` or `all`; none for `local`. No host names: they would be looked up at every login.",
      example: "10.0.0.0/8",
      defaultText: "none, `local` alone has none",
    }).optional(),
    method: choice(hbaMethods, {
      description:
        "How the client proves who it is, or `reject`. `trust`, `password` and `md5` need `force: true`. PostgreSQL tells which ones a server was built with.",
      example: "scram-sha-256",
    }),
    options: mapOf(
      z.union([z.string(), z.number(), z.boolean()]).meta({
        allowed: "a text, a number, true or false",
        description: "A value; true is 1.",
        example: "verify-full",
      }),
      {
        description: "Options of the method, as PostgreSQL names them. None that is a password.",
        example: "{ clientcert: verify-full }",
      },
    ).default({}),
    comment: text("a text", {
      description: "Why the rule is there: written above it.",
      example: "the jobs on the application's hosts",
      defaultText: "none",
    }).optional(),
    force: flag({
      description: "True: the rule may be weak. The plan repeats it.",
      example: "true",
    }).default(false),
  },
  {
    description: "A rule of pg_hba.conf.",
    example: "{ type: hostssl, database: shop, user: shop_app, address: 10.0.0.0/8, method: scram-sha-256 }",
  },
);

export const hba = z.array(hbaRule).meta({
  allowed: "a list",
  description:
    "Rules of pg_hba.conf, in their order: the first one that matches a login decides. The managing login needs one, and rules that reject everybody else are added at the end. A change is a reload and ends no session.",
  example: "[{ type: host, database: all, user: postgres, address: 127.0.0.1/32, method: scram-sha-256 }]",
  defaultText:
    "on target embedded the administrator, and every login to its own database, from 127.0.0.1 with scram-sha-256; on target docker the same from everywhere with TLS, and the administrator over the socket as well; on target existing pg_hba.conf is left alone",
});

export type WrittenHbaRule = z.output<typeof hbaRule>;

import { dockerServer } from "./schema-docker";
import { existingAdministrator, existingServer } from "./schema-existing";
import { hba } from "./schema-hba";
import { tuning } from "./schema-tuning";
import { choice, integer, map, passwordVersion, text } from "./schema-words";

const administrator = map(
  {
    name: text("a name", {
      description:
        "Name of the only superuser. Fixed at birth: a change is refused. Target existing: the managing login.",
      example: "postgres",
    }).default("postgres"),
    passwordVersion: passwordVersion("Raise it to rotate the administrator's password.").default(1),
    ...existingAdministrator,
  },
  {
    description: "The superuser that pgstead works as.",
    example: "{ passwordVersion: 2 }",
  },
);

export const server = map(
  {
    ...existingServer,
    port: integer(1024, 65_535, {
      description:
        "Port (`port`): of the embedded server on 127.0.0.1, where a change restarts it; on target docker the published one, where a change replaces the container; of the existing server.",
      example: "54320",
      defaultText: "`54320` on target embedded, else `5432`",
    }).optional(),
    dataDirectory: text("an absolute path", {
      description:
        "Absolute path of the data directory (`data_directory`), of this server alone. A server cannot move: a change is refused.",
      example: "/srv/postgresql/shop",
      defaultText: "one of this checkout and stack, outside the checkout",
    }).optional(),
    restart: choice(["allow", "refuse"], {
      description: "May a change of configuration restart the server? A dead server is started in any case.",
      example: "allow",
      defaultText: "`allow` on a disposable stack, else `refuse`",
    }).optional(),
    administrator: administrator.prefault({}),
    hba: hba.optional(),
    ...tuning,
    ...dockerServer,
  },
  { description: "The server itself.", example: "{ port: 54320 }" },
);

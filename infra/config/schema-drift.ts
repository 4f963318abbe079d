import { z } from "zod";
import { schemaKinds } from "../../components/core/schema/snapshot";
import { choice, map, text } from "./schema-words";

const rule = map(
  {
    kind: choice(schemaKinds, {
      description:
        "Kind of object, as `drift` tells it; what is a part of an ignored object is ignored as well.",
      example: "table",
      defaultText: "every kind",
    }).optional(),
    name: text("a name as `drift` tells it", {
      description: "Its name as `drift` tells it; `*` stands for any text.",
      example: "app.import_*",
    }).refine((name) => /^[^*]/.test(name)),
  },
  { description: "Objects that are left out.", example: '{ kind: table, name: "app.import_*" }' },
);

export const drift = map(
  {
    ignore: z
      .array(rule)
      .meta({
        allowed: "a list",
        description:
          "Schema objects that `drift` and `migrate test` leave out of the comparison with the live schema: what another tool makes and drops.",
        example: '[{ kind: table, name: "app.import_*" }]',
      })
      .default([]),
  },
  { description: "How the live schema is compared with what migrations make.", example: "{ ignore: [] }" },
);

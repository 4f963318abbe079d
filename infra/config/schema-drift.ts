import { z } from "zod";
import { schemaKinds } from "../../components/core/schema/snapshot";
import { map, text } from "./schema-words";

const rule = map(
  {
    kind: z
      .enum(schemaKinds)
      .meta({
        // All of them would be most of the reference.
        allowed: "a kind of object as `drift` tells it, such as table, function or index",
        description: "Kind of object; what is a part of an ignored object is ignored as well.",
        example: "table",
        defaultText: "every kind",
      })
      .optional(),
    name: text("a name as `drift` tells it, and not all of them", {
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

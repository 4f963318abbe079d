import { mapOf, text } from "./schema-words";

/** `masking` of a database. */
export const masking = mapOf(
  text("an SQL expression", {
    description:
      "What the column holds in a copy: one expression over the columns of the row as it was, with names outside of pg_catalog qualified.",
    example: "md5(email) || '@example.com'",
  }),
  {
    description:
      "What `npm run ops -- copy` replaces before anybody of the other stack can connect, by column: `<schema>.<table>.<column>`. A stack that declares it holds real data, and is no target of a copy.",
    example: `{ app.users.email: "md5(email) || '@example.com'" }`,
    defaultText: "none: a copy then needs `--unmasked`",
  },
);

import { map, mapOf, text } from "./schema-words";

/** What a stack has other than `audit-security` asks for. */
export const security = map(
  {
    exceptions: mapOf(
      text("a reason", {
        description: "Why the control fails and has to.",
        example: "the storage takes snapshots every hour",
      }).min(1),
      {
        description:
          "Controls of `npm run ops -- audit-security` that may fail, by their ids, each with its reason, which the report shows.",
        example: '{ special.backup: "the storage takes snapshots every hour" }',
      },
    ).default({}),
  },
  {
    description: "How the server is held against recommendations for hardening.",
    example: '{ exceptions: { special.backup: "the storage takes snapshots" } }',
  },
);

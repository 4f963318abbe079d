import { ownSchema } from "./born-with";
import { quoteIdentifier } from "./identifier";

/** Makes the schema of pgstead's own tables in a database that has none. Who watches the server may look into it. */
export const ownSchemaStatements: readonly string[] = [
  `CREATE SCHEMA ${quoteIdentifier(ownSchema)}`,
  `GRANT USAGE ON SCHEMA ${quoteIdentifier(ownSchema)} TO "pg_monitor"`,
];

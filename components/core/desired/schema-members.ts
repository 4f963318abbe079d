/** A schema, as far as the server's roles go: who reads it and who writes to it. */
export interface SchemaMembers {
  readonly name: string;
  /** Names of roles that read and write its rows. */
  readonly writers?: readonly string[];
  /** Names of roles that read its rows. */
  readonly readers?: readonly string[];
  readonly owner?: string;
  /** It holds the trail of an audit. */
  readonly trail?: true;
}

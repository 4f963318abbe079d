/** A relation with its schema, as the catalogue spells both. */
export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

/** `api.orders`, for people and for JSON. */
export function plainName({ schema, name }: RelationName): string {
  return `${schema}.${name}`;
}

/** Share of a whole in percent, with one decimal; 0 of nothing. */
export function percent(part: number, whole: number): number {
  return whole > 0 ? Math.round((1000 * part) / whole) / 10 : 0;
}

import { isQualified } from "../ast";
import type { Hit } from "./rules";

/** A type as the file that declared it says it. */
export interface ColumnType {
  /** PostgreSQL's own name, such as `int4`; with its schema where that is another one. */
  readonly name: string;
  /** Length, or precision and scale. */
  readonly modifiers: readonly number[];
  readonly isArray: boolean;
}

interface Table {
  readonly types: Map<string, ColumnType>;
  /** Columns that a valid constraint keeps from NULL, with the name of that constraint; "" for the column's own. */
  readonly notNull: Map<string, string>;
  /** CHECK … IS NOT NULL that was not validated: the column of each. */
  readonly unproven: Map<string, string>;
}

/**
 * What the files before a statement say of the tables that it is about.
 *
 * A name counts as it is written: `orders` and `app.orders` are two, as the search path may be any. What is not known
 * is told as the worse case, so forgetting is always right.
 */
export class SchemaMemory {
  private readonly tables = new Map<string, Table>();
  private readonly domains = new Set<string>();
  private readonly created = new Set<string>();
  private readonly newColumns = new Set<string>();
  private readonly locked = new Set<string>();
  private readonly temporary = new Set<string>();
  private pathChanged = false;

  /** @param bodies what functions do when they are called, by name and arguments */
  constructor(private readonly bodies = new Map<string, readonly Hit[]>()) {}

  /** What is known of functions, and nothing of tables: what a function's body meets when it is called. */
  ofFunctionsAlone(): SchemaMemory {
    return new SchemaMemory(this.bodies);
  }

  /** What a function does when it is called. */
  keepBody(name: string, signature: string, hits: readonly Hit[]): void {
    this.bodies.set(`${name} ${signature}`, hits);
  }

  /** What functions of a name do, with any arguments; a name without a schema may be of any. */
  bodiesOf(name: string): readonly Hit[] {
    const last = (whole: string): string => whole.split(".").at(-1) ?? "";
    return [...this.bodies].flatMap(([key, hits]) => {
      const known = key.slice(0, key.indexOf(" "));
      const isIt = isQualified(known) && isQualified(name) ? known === name : last(known) === last(name);
      return isIt ? [...hits] : [];
    });
  }

  /** What the part before made is not new any more, and its locks are gone. */
  startPart(): void {
    if (this.pathChanged) this.forgetUnqualified();
    this.pathChanged = false;
    for (const table of this.temporary) this.tables.delete(table);
    for (const part of [this.created, this.newColumns, this.locked, this.temporary]) part.clear();
  }

  /** The part made it, so nobody has used it yet. `kind` is `relation`, `schema`, `type` or `function`. */
  addCreated(kind: string, name: string): void {
    this.created.add(`${kind} ${name}`);
  }

  /** It ends with its session, and hides a table of the same name until then. */
  addTemporary(table: string): void {
    this.temporary.add(table);
  }

  isNew(kind: string, name: string): boolean {
    return this.created.has(`${kind} ${name}`);
  }

  /** A sequence that the part made, also for a column of a table that it made: `orders_id_seq`. */
  isNewSequence(name: string): boolean {
    const isOfTable = (created: string): boolean =>
      created.startsWith("relation ") && name.startsWith(`${created.slice("relation ".length)}_`);
    return this.isNew("relation", name) || (name.endsWith("_seq") && [...this.created].some(isOfTable));
  }

  /** It has another name now; it stays new where it was. */
  rename(kind: string, from: string, to: string): void {
    const wasNew = this.isNew(kind, from);
    this.forget(kind, from);
    this.forget(kind, to);
    if (wasNew) this.addCreated(kind, to);
    if (kind === "schema") for (const schema of [from, to]) this.forgetWithin(schema);
  }

  /** A column has another name now; what was known of its table is of the old one. */
  renameColumn(table: string, from: string, to: string): void {
    const wasNew = this.isNewColumn(table, from);
    this.tables.delete(table);
    for (const column of [from, to]) this.newColumns.delete(JSON.stringify([table, column]));
    if (wasNew) this.addNewColumn(table, to);
  }

  /** Something of before is in it now, so whoever empties or drops it takes that along. */
  addUsed(kind: string, name: string): void {
    this.created.delete(`${kind} ${name}`);
  }

  addNewColumn(table: string, column: string): void {
    this.newColumns.add(JSON.stringify([table, column]));
  }

  isNewColumn(table: string, column: string): boolean {
    return this.newColumns.has(JSON.stringify([table, column]));
  }

  /** The transaction holds a lock on it that keeps writers out until its end. */
  lock(table: string): void {
    this.locked.add(table);
  }

  isLocked(table: string): boolean {
    return this.locked.has(table);
  }

  /** Whether there is such a lock on a table of before. */
  isAnyLocked(): boolean {
    return [...this.locked].some((table) => !this.isNew("relation", table));
  }

  setType(table: string, column: string, type: ColumnType): void {
    this.table(table).types.set(column, type);
  }

  typeOf(table: string, column: string): ColumnType | undefined {
    return this.tables.get(table)?.types.get(column);
  }

  forgetColumn(table: string, column: string): void {
    const known = this.tables.get(table);
    known?.types.delete(column);
    known?.notNull.delete(column);
    this.newColumns.delete(JSON.stringify([table, column]));
  }

  setNotNull(table: string, column: string, constraint: string): void {
    this.table(table).notNull.set(column, constraint);
  }

  isNotNull(table: string, column: string): boolean {
    return this.tables.get(table)?.notNull.has(column) === true;
  }

  /** NULL is allowed from now on. */
  dropNotNull(table: string, column: string): void {
    this.tables.get(table)?.notNull.delete(column);
  }

  addUnproven(table: string, constraint: string, column: string): void {
    this.table(table).unproven.set(constraint, column);
  }

  validate(table: string, constraint: string): void {
    const column = this.tables.get(table)?.unproven.get(constraint);
    if (column !== undefined) this.setNotNull(table, column, constraint);
  }

  dropConstraint(table: string, constraint: string): void {
    const known = this.tables.get(table);
    known?.unproven.delete(constraint);
    for (const [column, by] of known?.notNull ?? []) if (by === constraint) known?.notNull.delete(column);
  }

  addConstrainedDomain(domain: string): void {
    this.domains.add(domain);
  }

  isConstrainedDomain(type: string): boolean {
    return this.domains.has(type);
  }

  /** It is gone, or has another name. */
  forget(kind: string, name: string): void {
    this.created.delete(`${kind} ${name}`);
    if (kind === "schema") this.forgetWithin(name);
    if (kind !== "relation") return;
    this.forgetFacts(name);
    for (const column of this.newColumns)
      if ((JSON.parse(column) as [string])[0] === name) this.newColumns.delete(column);
  }

  /** Its columns and constraints are not what they were. */
  forgetFacts(table: string): void {
    this.tables.delete(table);
  }

  /** What the part made in a schema is not there any more. */
  private forgetWithin(schema: string): void {
    const isWithin = (name: string): boolean => name.startsWith(`${schema}.`);
    for (const name of this.created)
      if (isWithin(name.slice(name.indexOf(" ") + 1))) this.created.delete(name);
    for (const name of this.newColumns)
      if (isWithin((JSON.parse(name) as [string])[0])) this.newColumns.delete(name);
  }

  /** Something may have changed any table: nothing of before counts, but what the part itself made. */
  forgetTables(): void {
    this.tables.clear();
  }

  /** The search path is another one: a name without a schema means another thing. */
  changePath(): void {
    this.pathChanged = true;
    this.forgetUnqualified();
  }

  private forgetUnqualified(): void {
    for (const name of this.tables.keys()) if (!isQualified(name)) this.tables.delete(name);
    for (const name of this.created)
      if (!isQualified(name.slice(name.indexOf(" ") + 1))) this.created.delete(name);
    for (const name of this.newColumns)
      if (!isQualified((JSON.parse(name) as [string])[0])) this.newColumns.delete(name);
  }

  private table(name: string): Table {
    const known = this.tables.get(name) ?? { types: new Map(), notNull: new Map(), unproven: new Map() };
    this.tables.set(name, known);
    return known;
  }
}

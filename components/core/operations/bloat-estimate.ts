/** What the catalogue and the planner's statistics say of a table or a B-tree index. */
export interface MeasuredRelation {
  readonly sizeBytes: number;
  readonly blockBytes: number;
  readonly rows: number;
  /** Percent of a page that is filled at first. */
  readonly fillfactor: number;
  /** In the order in which they are stored. */
  readonly columns: readonly MeasuredColumn[];
}

export interface MeasuredColumn {
  /** `typlen`: −1 is of variable length. */
  readonly length: number;
  /** `c`, `s`, `i`, `d`: 1, 2, 4 and 8 bytes. */
  readonly align: string;
  /** Average width of values that are there (`avg_width`); null: there are no statistics. */
  readonly width: number | null;
  /** Share of rows without a value (`null_frac`). */
  readonly nullShare: number;
}

const pageHeaderBytes = 24;
const linePointerBytes = 4;
/** Of a row: 23 bytes and the bitmap of NULLs, aligned. */
const rowHeaderBytes = 23;
const indexHeaderBytes = 8;
/** Of a B-tree page. */
const specialBytes = 16;
const maximumAlignment = 8;

/**
 * Bytes that a table would take if it were written anew; undefined: it cannot be told without statistics.
 *
 * The size of a row is added up from the statistics as the manual lays rows out ("Database Page Layout"): header, bitmap of
 * NULLs, and each column at its alignment; what a page has room for of such rows, down to its fillfactor, gives the pages.
 * The idea is that of ioguix' pgsql-bloat-estimation (BSD licence), which adds the widths alone: padding between columns
 * then counts as bloat. Widths are averages, so that the estimate is one of about a tenth; large values are in TOAST, which
 * is not looked at.
 */
export function estimateTable(relation: MeasuredRelation): number | undefined {
  const { columns, rows, fillfactor, blockBytes } = relation;
  if (rows < 0 || columns.some(({ width }) => width === null)) return undefined;
  const hasNulls = columns.some(({ nullShare }) => nullShare > 0);
  const header = align(rowHeaderBytes + (hasNulls ? Math.ceil(columns.length / 8) : 0), maximumAlignment);
  const row = align(header + widthOf(columns), maximumAlignment) + linePointerBytes;
  const room = (blockBytes - pageHeaderBytes) * (fillfactor / 100);
  const perPage = Math.max(1, Math.floor(room / row));
  return Math.ceil(rows / perPage) * blockBytes;
}

/**
 * The same for a B-tree index, whose leaves are filled to their fillfactor (90 unless said). Pages that PostgreSQL has
 * split in halves are counted as bloat, up to a half of the index; entries that it stores once for many rows
 * (deduplication, 13) make an index smaller than is estimated: such a one looks less bloated than it is, never more.
 */
export function estimateIndex(relation: MeasuredRelation): number | undefined {
  const { columns, rows, fillfactor, blockBytes } = relation;
  if (rows < 0 || columns.some(({ width }) => width === null)) return undefined;
  const hasNulls = columns.some(({ nullShare }) => nullShare > 0);
  const header = align(indexHeaderBytes + (hasNulls ? 4 : 0), maximumAlignment);
  const entry = header + align(widthOf(columns), maximumAlignment) + linePointerBytes;
  const room = (blockBytes - pageHeaderBytes - specialBytes) * (fillfactor / 100);
  const perPage = Math.max(1, Math.floor(room / entry));
  const leaves = Math.ceil(rows / perPage);
  // Inner pages point at leaves as leaves at rows; the first page is the index's own.
  return (leaves + Math.ceil(leaves / perPage) + 1) * blockBytes;
}

/** A row's columns one after the other, each at its alignment; a NULL takes no room. */
function widthOf(columns: readonly MeasuredColumn[]): number {
  return columns.reduce((end, { length, align: letter, width, nullShare }) => {
    const bytes = width ?? 0;
    // Up to 126 bytes a value of variable length has a header of one byte, and no alignment.
    const step = length === -1 && bytes < 127 ? 1 : (alignments[letter] ?? 1);
    return end + (1 - nullShare) * (align(end, step) - end + bytes);
  }, 0);
}

const alignments: Readonly<Record<string, number>> = { c: 1, s: 2, i: 4, d: 8 };

function align(bytes: number, step: number): number {
  return Math.ceil(bytes / step) * step;
}

import type { Session } from "../../../components/io/session";

/** What the figures are about; smaller, it shows that all of it works. */
export interface ContentSize {
  /** As the scale of pgbench: 100,000 accounts, about 15 MB, each. */
  readonly scale: number;
  readonly documents: number;
}

/** About 1.5 GB in the server: half of it of short rows, half of documents that compress like text. */
export const wholeSize: ContentSize = { scale: 50, documents: 1_200_000 };

/** Accounts as pgbench has them, and documents of text and JSON with a GIN index: one that is dear to build. */
export async function makeContent(session: Session, { scale, documents }: ContentSize): Promise<number> {
  await session.query(`CREATE TABLE public.accounts (aid int, bid int, abalance int, filler char(84));
    INSERT INTO public.accounts SELECT n, n / 100000, 0, '' FROM generate_series(1, ${scale * 100_000}) AS n;
    ALTER TABLE public.accounts ADD PRIMARY KEY (aid);
    CREATE TABLE public.documents (id bigint, title text, body text, tags jsonb, at timestamptz);
    INSERT INTO public.documents
    SELECT n, 'document ' || n, md5(n::text) || md5((n * 7)::text) || repeat(md5((n % 1000)::text), 6),
      jsonb_build_object('customer', n % 50000, 'state', (ARRAY['new', 'paid', 'sent'])[n % 3 + 1], 'key', md5((n * 3)::text)),
      '2026-01-01'::timestamptz + n * interval '10 s'
    FROM generate_series(1, ${documents}) AS n;
    ALTER TABLE public.documents ADD PRIMARY KEY (id);
    CREATE INDEX ON public.documents (at);
    CREATE INDEX ON public.documents USING gin (tags)`);
  await session.query("VACUUM ANALYZE");
  const [row] = await session.query<{ size: string }>(
    "SELECT pg_catalog.pg_database_size(current_database())::text AS size",
  );
  return Number(row?.size);
}

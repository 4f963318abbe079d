/** No backslashes: what they mean in a literal is for the session to say. */
const blank = "[[:space:]]";

const command = [
  `^[[:space:];]*alter${blank}+table${blank}+(?:if${blank}+exists${blank}+)?(?:only[[:>:]][[:space:](]*)?`,
  `([^;]+?)[[:space:]*)]+detach${blank}+partition${blank}+([^;]+?)${blank}+(concurrently|finalize)[[:space:];]*$`,
].join("");

/**
 * Reads from the text of the command what it detaches, where it is DETACH PARTITION … CONCURRENTLY or … FINALIZE: table,
 * partition and that word. The former ends its first transaction halfway: its end is too late to refuse it, and at its
 * start the text is all that there is. It cannot hide there, as it has to be the only statement of its text, and a word of
 * SQL has one spelling outside of quotes and comments.
 *
 * Every name and every operator is of pg_catalog, as this may run with the search path of whoever sent the command.
 */
export const parseDetach = {
  declarations: `said text := pg_catalog.current_query();
  depth int := 0;
  piece text;
  quoted text[] := '{}';
  bare text := '';
  detaching text[];`,
  statements: `IF said OPERATOR(pg_catalog.~*) 'detach.*(concurrently|finalize)' THEN
    WHILE said OPERATOR(pg_catalog.<>) '' LOOP
      IF depth OPERATOR(pg_catalog.>) 0 THEN
        -- Comments hold comments.
        piece := pg_catalog.substring(said, '^(.*?(?:/[*]|[*]/))');
        EXIT WHEN piece IS NULL;
        depth := CASE WHEN pg_catalog.right(piece, 1) OPERATOR(pg_catalog.=) '*'
          THEN depth OPERATOR(pg_catalog.+) 1 ELSE depth OPERATOR(pg_catalog.-) 1 END;
      ELSE
        piece := pg_catalog.substring(said, pg_catalog.format('^("(?:[^"]|"")*"|--[^%s%s]*|/[*]|[^"/-]+|.)', pg_catalog.chr(10), pg_catalog.chr(13)));
        IF piece OPERATOR(pg_catalog.=) '/*' THEN
          depth := 1;
          bare := pg_catalog.concat(bare, ' ');
        ELSIF pg_catalog.starts_with(piece, '--') THEN
          bare := pg_catalog.concat(bare, ' ');
        ELSIF pg_catalog.starts_with(piece, '"') THEN
          quoted := pg_catalog.array_append(quoted, piece);
          bare := pg_catalog.concat(bare, ' "', pg_catalog.cardinality(quoted), '" ');
        ELSE
          bare := pg_catalog.concat(bare, piece);
        END IF;
      END IF;
      said := pg_catalog.substr(said, pg_catalog.length(piece) OPERATOR(pg_catalog.+) 1);
    END LOOP;
    detaching := pg_catalog.regexp_match(bare, '${command}', 'i');
  END IF;`,
} as const;

/** The name of the table as it was written; what is not plainly a name gives NULL. */
const place = `(
    SELECT pg_catalog.string_agg(CASE WHEN part.name OPERATOR(pg_catalog.~) '^"[0-9]+"$'
             THEN quoted[pg_catalog.btrim(part.name, '"')::int] ELSE part.name END, '.' ORDER BY part.number)
    FROM (SELECT pg_catalog.regexp_replace(x.name, '^[[:space:]]+|[[:space:]]+$', '', 'g') AS name, x.number
          FROM pg_catalog.regexp_split_to_table(detaching[1], '[.]') WITH ORDINALITY AS x (name, number)) AS part
    HAVING pg_catalog.strpos(detaching[1], '&') OPERATOR(pg_catalog.=) 0)`;

/**
 * Refuses DETACH PARTITION … CONCURRENTLY of an audited table at its start. The table is locked as the command is going to
 * lock it, so that its name still means the same when the command comes to it.
 *
 * It runs as whoever sent the command, with his search path.
 */
export const startSource = `
DECLARE
  ${parseDetach.declarations}
  found oid;
BEGIN
  IF TG_TAG OPERATOR(pg_catalog.<>) 'ALTER TABLE'
     OR (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) session_user) THEN
    RETURN;
  END IF;
  ${parseDetach.statements}
  IF pg_catalog.upper(detaching[3]) OPERATOR(pg_catalog.=) 'CONCURRENTLY' THEN
    found := pg_catalog.to_regclass(${place})::oid;
    IF found IS NOT NULL THEN
      EXECUTE pg_catalog.format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', found::pg_catalog.regclass);
    END IF;
    IF found IS NULL OR pg_catalog.to_regclass(${place})::oid OPERATOR(pg_catalog.<>) found OR EXISTS (
      SELECT FROM pg_catalog.pg_trigger AS t
      WHERE t.tgrelid OPERATOR(pg_catalog.=) found AND t.tgname OPERATOR(pg_catalog.=) 'pgstead_audit_insert') THEN
      RAISE EXCEPTION 'audit: a partition of % may not be detached', coalesce(found::pg_catalog.regclass::text, 'what is not there')
        USING ERRCODE = '42501', HINT = 'Rows would go without a mark in the trail. DROP TABLE of the partition leaves one; a superuser may detach it.';
    END IF;
  END IF;
END`;

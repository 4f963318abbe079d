import { nameSql } from "../repeatables/objects";

/** A function of the conventions. */
export interface ConventionFunction {
  /** As `to_regprocedure` takes it. */
  readonly signature: string;
  /** CREATE OR REPLACE with its body between `$fn$`, and the comment on it. */
  readonly create: string;
  /** What nobody has to say of a function that makes tables by name: empty, or an acknowledgement. */
  readonly acknowledgement: string;
}

const path = "SET search_path = pg_catalog, pg_temp";

/** What every table of the conventions stands on. */
export function rowFunctions(schema: string): ConventionFunction[] {
  const at = (name: string): string => nameSql({ schema, name });
  return [newId(at), actingUser(at), keepRow(at)];
}

type At = (name: string) => string;

function newId(at: At): ConventionFunction {
  return {
    signature: `${at("new_id")}()`,
    acknowledgement: "",
    create: `-- A key that grows with time, so that indexes are written at their end: UUID version 7.
CREATE OR REPLACE FUNCTION ${at("new_id")}() RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL SAFE ${path}
AS $fn$
DECLARE
  -- Microseconds since 1970.
  at bigint := floor(extract(epoch FROM clock_timestamp()) * 1000000);
BEGIN
  -- PostgreSQL 18 has its own; earlier ones never come to that line.
  IF current_setting('server_version_num')::integer >= 180000 THEN
    RETURN uuidv7();
  END IF;
  -- 48 bits of milliseconds, version 7 with 12 bits of a millisecond's parts, and what is random of a version 4. So one
  -- session's keys grow within a millisecond as well.
  RETURN encode(
    substring(int8send(at / 1000) FROM 3)
      || int2send((28672 + at % 1000 * 4096 / 1000)::smallint)
      || substring(uuid_send(gen_random_uuid()) FROM 9),
    'hex')::uuid;
END
$fn$;`,
  };
}

function actingUser(at: At): ConventionFunction {
  return {
    signature: `${at("acting_user")}()`,
    acknowledgement: "",
    create: `-- Who changes a row: what the application says with set_config('app.user', '…', true), else its login.
CREATE OR REPLACE FUNCTION ${at("acting_user")}() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE ${path}
AS $fn$ SELECT coalesce(nullif(current_setting('app.user', true), ''), session_user::text) $fn$;`,
  };
}

function keepRow(at: At): ConventionFunction {
  return {
    signature: `${at("keep_row")}()`,
    acknowledgement: "",
    create: `-- Keeps who made a row and when, who changed it last, and when it was switched off (is_active).
CREATE OR REPLACE FUNCTION ${at("keep_row")}() RETURNS trigger
LANGUAGE plpgsql ${path}
AS $fn$
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- May be given, as an import does; a partitioned table is divided by it.
    NEW.created_at := coalesce(NEW.created_at, now());
    NEW.created_by := ${at("acting_user")}();
    NEW.deleted_at := CASE WHEN NEW.is_active THEN NULL ELSE coalesce(NEW.deleted_at, now()) END;
  ELSE
    NEW.created_at := OLD.created_at;
    NEW.created_by := OLD.created_by;
    NEW.deleted_at := CASE WHEN NEW.is_active THEN NULL WHEN OLD.is_active THEN now() ELSE OLD.deleted_at END;
  END IF;
  NEW.updated_at := now();
  NEW.updated_by := ${at("acting_user")}();
  RETURN NEW;
END
$fn$;`,
  };
}

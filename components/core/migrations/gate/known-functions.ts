/** Functions of PostgreSQL that compute and change nothing; those whose answer does not change within a statement. */
const steady = `
abbrev abs acos acosh age any_value array_agg array_append array_cat array_dims array_fill array_length array_lower array_ndims
array_position array_positions array_prepend array_remove array_replace array_reverse array_sort
array_to_json array_to_string array_upper ascii asin asinh atan atan2 atanh avg bit_and bit_count bit_length bit_or
bit_xor bool_and bool_or btrim cardinality cbrt ceil ceiling char_length character_length chr coalesce
col_description concat concat_ws casefold convert convert_from convert_to corr cos cosh cot count covar_pop covar_samp
crc32 crc32c cume_dist current_catalog current_database current_role current_schema current_schemas
current_setting current_user date date_add date_bin date_part date_subtract date_trunc daterange decode degrees
dense_rank digest div encode enum_first enum_last enum_range erf erfc every exp extract factorial family first_value floor format format_type gcd
generate_series generate_subscripts get_bit get_byte greatest hashint4 hashint8 has_any_column_privilege has_column_privilege
has_database_privilege has_function_privilege has_schema_privilege has_sequence_privilege
has_table_privilege has_type_privilege hashtext hashtextextended hmac host hostmask initcap int4range
int8range isempty isfinite json_agg json_array_elements json_array_elements_text json_array_length
json_build_array json_build_object json_each json_each_text json_extract_path json_extract_path_text
json_object json_object_agg json_object_keys json_populate_record json_populate_recordset json_strip_nulls
json_to_record json_to_recordset json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text
jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists
jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_populate_record
jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record
jsonb_to_recordset jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead least
left length like ln localtime localtimestamp log log10 lower lower_inc lower_inf lpad ltrim make_date
make_interval make_time make_timestamp make_timestamptz masklen max md5 min min_scale mod mode multirange netmask
network normalize now nth_value ntile nullif num_nonnulls num_nulls numrange obj_description octet_length
overlaps overlay parse_ident percent_rank percentile_cont percentile_disc pg_backend_pid pg_column_size
pg_get_constraintdef pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_serial_sequence pg_get_triggerdef
pg_get_userbyid pg_get_viewdef pg_has_role pg_input_error_info pg_input_is_valid pg_size_pretty pg_table_is_visible pg_typeof phraseto_tsquery pi
plainto_tsquery position pow power querytree quote_ident quote_literal quote_nullable radians range_agg
range_intersect_agg range_merge rank regexp_count regexp_instr regexp_like regexp_match regexp_matches
regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_slope repeat replace reverse
right round row_number row_to_json rpad rtrim scale session_user setweight sha224 sha256 sha384 sha512
shobj_description sign similarity sin sinh split_part sqrt starts_with statement_timestamp stddev stddev_pop
stddev_samp string_agg string_to_array string_to_table strip strpos substr substring sum tan tanh timezone
to_ascii to_bin to_char to_date to_hex to_json to_jsonb to_number to_oct to_regclass to_regnamespace
to_regproc to_regprocedure to_regrole to_regtype to_timestamp to_tsquery to_tsvector transaction_timestamp
translate trim trim_array trim_scale trunc ts_headline ts_rank ts_rank_cd tsrange tstzrange unaccent unistr
unnest upper upper_inc upper_inf user uuid_extract_timestamp uuid_extract_version uuid_generate_v3
uuid_generate_v5 var_pop var_samp variance version websearch_to_tsquery width_bucket word_similarity xmlagg
xmlcomment xmlconcat xpath`;

/** Functions that change no rows either, and may have another answer at every call. */
const changing = `
array_sample clock_timestamp crypt currval gen_random_bytes gen_random_uuid gen_salt lastval nextval
pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_current_xact_id pg_database_size pg_is_in_recovery
pg_notify pg_relation_size pg_sleep pg_table_size pg_total_relation_size pg_try_advisory_xact_lock random
random_normal set_config setseed setval timeofday txid_current uuid_generate_v1 uuid_generate_v1mc
uuid_generate_v4 uuidv4 uuidv7`;

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));
const steadyFunctions = words(steady);
const changingFunctions = words(changing);

/** True for what a statement may call without anybody having to look at it: it changes no rows and reads no files. */
export function isHarmless(name: string): boolean {
  const plain = unqualified(name);
  return plain !== undefined && (steadyFunctions.has(plain) || changingFunctions.has(plain));
}

/**
 * True for what is known to give one answer for all rows of a statement: a default of it is computed once, and not for
 * every row of the table ("ALTER TABLE", Notes).
 */
export function isSteady(name: string): boolean {
  const plain = unqualified(name);
  return plain !== undefined && steadyFunctions.has(plain);
}

/** The name within PostgreSQL's own schema, which comes first in every search path. */
function unqualified(name: string): string | undefined {
  const plain = name.replace(/^pg_catalog\./, "");
  return plain.includes(".") ? undefined : plain;
}

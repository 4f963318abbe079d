import type { HbaRule } from "../../components/core/hba/rule";
import type { WrittenHbaRule } from "./schema-hba";

/** The rule as pg_hba.conf has it. */
export function resolveHbaRule({ address, options, comment, force, ...rest }: WrittenHbaRule): HbaRule {
  const text = (value: string | number | boolean): string => String(value === true ? 1 : value || 0);
  const values = Object.entries(options).map(([name, value]) => [
    name,
    typeof value === "string" ? value : text(value),
  ]);
  return {
    ...rest,
    ...(address === undefined ? {} : { address }),
    ...(values.length === 0 ? {} : { options: Object.fromEntries(values) as Record<string, string> }),
    ...(comment === undefined ? {} : { comment }),
    ...(force ? { force } : {}),
  };
}

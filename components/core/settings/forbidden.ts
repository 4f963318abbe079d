import { shown, type Refusal, type Statement } from "../statement";
import type { ActualSetting } from "./catalog";

/** From 17 on the server's own files may forbid ALTER SYSTEM, to superusers as well: then others keep its settings. */
export function refuseForbidden(
  live: ReadonlyMap<string, ActualSetting>,
  changes: readonly Statement[],
): Refusal[] {
  const [first] = changes;
  if (first === undefined || live.get("allow_alter_system")?.setting !== "off") return [];
  const rest = changes.length === 1 ? "" : ` and ${changes.length - 1} more`;
  return [
    {
      subject: "settings of the server",
      message: `they are not as declared, and allow_alter_system is off: ${shown(first)}${rest}`,
      hint: "set them where the server's configuration is kept (an operator, a tool that writes postgresql.conf), or set allow_alter_system to on there",
    },
  ];
}

import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import { parseAge } from "./resolve-gate";
import type { WrittenConfig } from "./schema";
import { renderValue } from "./shape";

/** What the types alone cannot tell about the gate. */
export function checkGate({ backup }: WrittenConfig): Problem[] {
  return (["maxAge", "drillMaxAge"] as const).flatMap((key) => {
    const written = backup.gate?.[key];
    if (written === undefined || (parseAge(written) ?? 0) > 0) return [];
    const message = `${renderValue(written)} is no time`;
    return at(["backup", "gate", key], {
      message,
      hint: "write a whole number and min, h or d, such as 24h",
    });
  });
}

import { nearest } from "../../components/core/nearest";
import { securityControls } from "../../components/core/operations/security/judge";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { WrittenConfig } from "./schema";

const ids = securityControls.map(({ id }) => id);

/** An exception of a control that there is not would be one of nothing. */
export function checkSecurity({ security }: Pick<WrittenConfig, "security">): Problem[] {
  return Object.keys(security.exceptions)
    .filter((id) => !ids.includes(id))
    .flatMap((id) => {
      const meant = nearest(id, ids);
      return at(["security", "exceptions", id], {
        message: "is no control of audit-security",
        hint: meant === undefined ? "`npm run ops -- audit-security` lists them" : `did you mean ${meant}?`,
      });
    });
}

import { parseMaskedColumn } from "../../components/core/move/masking";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { Draft } from "./draft";
import { renderValue } from "./shape";

/** What the types alone cannot tell about masking; whether an expression is SQL tells the command that uses it. */
export function checkMasking({ path, written }: Draft): Problem[] {
  return Object.entries(written.masking ?? {}).flatMap(([column, expression]) => {
    const place = [...path, "masking", column];
    if (parseMaskedColumn(column) === undefined) {
      const hint = "write it as <schema>.<table>.<column>, such as app.users.email";
      return at(place, { message: `${renderValue(column)} names no column`, hint });
    }
    if (expression.trim() !== "") return [];
    return at(place, { message: "is empty", hint: "write an expression, such as NULL" });
  });
}

import { type AclObject, groupBy, key } from "./statements";
import type { Plan } from "../statement";

/** The managing login, and whose objects it looks after. */
export interface Reach {
  readonly manager: string;
  /** True for roles of the stack. */
  readonly isOurs: (role: string) => boolean;
}

/** Something that is not as declared, and that only who belongs to a role may change. */
export interface OutOfReach {
  /** The role, which owns it or is to own it. */
  readonly role: string;
  readonly object: AclObject;
}

/**
 * What the managing login cannot mend, one line for each owner and kind of object: refused where the owner is one of the
 * stack's roles, as what is declared cannot come true; told where somebody else owns it.
 */
export function planOutOfReach({ manager, isOurs }: Reach, found: readonly OutOfReach[]): Plan {
  const lines = groupBy(found, ({ role, object }) => key(role, object.word, object.place)).map((same) => {
    const [first] = same;
    if (first === undefined) throw new Error("a group is never empty");
    const { role, object } = first;
    const names = [...new Set(same.map((one) => one.object.sql))];
    const rest = names.length > 1 ? ` and ${names.length - 1} more` : "";
    return {
      role,
      subject: `${object.word.toLowerCase()} ${names[0] ?? ""}${rest}`,
      message: `not as declared, and ${manager} does not belong to the owner ${role}`,
    };
  });
  return {
    statements: [],
    refusals: lines
      .filter(({ role }) => isOurs(role))
      .map(({ role, subject, message }) => ({
        subject,
        message,
        hint: `let a superuser make ${manager} a member of ${role}, with INHERIT and SET`,
      })),
    undeclared: lines
      .filter(({ role }) => !isOurs(role))
      .map(({ subject, message }) => ({ kind: "privilege", subject, message, beyond: true })),
  };
}

import type { WrittenColumn } from "./contents";

/** Words of columns that say something about a person, or let somebody in. */
const words: ReadonlySet<string> = new Set(
  `address bic birth birthdate birthday birthplace card cvv dob email fax firstname fullname gender iban ip landline lastname
  latitude longitude mail maiden mobile nickname passport passwd password phone postcode pwd religion salary secret signature
  ssn street surname tax telephone token username zip`.split(/\s+/),
);

const pairs =
  /(?:^|_)(?:first|last|middle|full|given|family|user|display)_name$|(?:^|_)(?:api|private|access)_key$|^name$/;

/** What no such word makes a thing about a person: whether, how often, when. */
const plain = /^(?:bool|int[248]|timestamptz?)$/;

/** Whether a column looks as if it were about a person, by its name and type; it may not be, and others may. */
export function looksPersonal({ column, type }: Pick<WrittenColumn, "column" | "type">): boolean {
  if (plain.test(type)) return false;
  const snake = column.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
  return pairs.test(snake) || snake.split(/[^a-z]+/).some((word) => words.has(word));
}

/** How the passwords of a role change: two logins take turns, or did so and the former one is shut out. */
export const rotations = ["single", "dual", "dual-finished"] as const;

export type Rotation = (typeof rotations)[number];

/** Which of the two logins a declared one is. */
export interface Turn {
  /** The role as it is declared: name of the first login. */
  readonly role: string;
  /** `current` is the one that clients are given; `former` works for those that have not looked again. */
  readonly is: "current" | "former";
}

/** A login of a role, with the number of its own password. */
export interface TurningLogin {
  readonly name: string;
  readonly passwordVersion: number;
  readonly is: Turn["is"];
}

/** Name of the second login: the first has the role's own, so that a role that begins to take turns locks nobody out. */
export function secondLogin(role: string): string {
  return `${role}_2`;
}

/**
 * The two logins at a number. Odd ones are turns of the first, even ones of the second, so that the number says it all;
 * the one whose turn it is not keeps the password of its last turn.
 *
 * 1: shop_app 1, shop_app_2 1 (never used); 2: shop_app_2 2, shop_app 1; 3: shop_app 3, shop_app_2 2.
 */
export function loginsAt(role: string, number: number): readonly [TurningLogin, TurningLogin] {
  const isFirst = number % 2 === 1;
  const before = Math.max(1, number - 1);
  return [
    { name: role, passwordVersion: isFirst ? number : before, is: isFirst ? "current" : "former" },
    {
      name: secondLogin(role),
      passwordVersion: isFirst ? before : number,
      is: isFirst ? "former" : "current",
    },
  ];
}

/** The one that clients are given. */
export function currentLogin(role: string, number: number): string {
  return number % 2 === 1 ? role : secondLogin(role);
}

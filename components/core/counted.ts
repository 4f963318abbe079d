/** `1 role`, `2 roles`; `3 entries` with a plural of its own. */
export function counted(count: number, noun: string, several = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : several}`;
}

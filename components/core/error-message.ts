/** What is told of anything that was thrown: libraries throw more than errors. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

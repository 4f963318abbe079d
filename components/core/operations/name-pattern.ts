/** Whether names are meant by a pattern in which `*` stands for any text; capitals count for nothing. */
export function nameMatcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.+?()[\]{}|/-]/g, "\\$&"));
  const form = new RegExp(`^${parts.join(".*")}$`, "i");
  return (name) => form.test(name);
}

/**
 * Files that import each other, by whatever way round: the strongly connected parts of a graph that have more than one
 * member (Tarjan's algorithm), each from its first name in the alphabet.
 *
 * @param imports what each file imports
 */
export function importCircles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];

  const visit = (file: string): number => {
    const place = order.size;
    let low = place;
    order.set(file, place);
    open.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low === place) {
      const part = open.splice(open.indexOf(file));
      if (part.length > 1) circles.push(part.toSorted());
    }
    return low;
  };

  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return circles.toSorted((one, other) => (one[0] ?? "").localeCompare(other[0] ?? ""));
}

import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import { renderTable } from "../table";
import type { CopiesData } from "./copies";

/** What is at each copy, as the copy itself has it. */
export function renderCopiesList({ copies, backups }: CopiesData, colors: Colors): string {
  const columns = [
    { heading: "name" },
    { heading: "copy" },
    { heading: "sent" },
    { heading: "size", numeric: true },
    { heading: "encryption" },
    { heading: "index" },
  ];
  const rows = backups.map(({ name, copy, sentAt, bytes, encryption, fault }) => [
    ...[name, copy, sentAt ?? "?", bytes === null ? "?" : renderSize(bytes), encryption ?? "?"],
    fault ?? "good",
  ]);
  const places = copies.map(({ name, where, halves }) => {
    const left = halves.length === 0 ? "" : `; of ${halves.length} there is a half`;
    return `${name}: ${where}${left}\n`;
  });
  return `${renderTable("Copies", columns, rows, colors)}\n${places.join("")}`;
}

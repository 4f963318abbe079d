import { expect } from "vitest";
import type { SeenPage, View } from "./browser";

/** A wide screen and a phone, light and dark, and paper. */
export const views: readonly View[] = [
  { name: "wide", width: 1280 },
  { name: "phone", width: 400 },
  { name: "wide and dark", width: 1280, dark: true },
  { name: "phone and dark", width: 400, dark: true },
  { name: "paper", width: 800, print: true },
];

/** What holds for every page, whatever is on it. */
export function expectWhole(pages: readonly SeenPage[]): void {
  for (const { name, told, requests, ...seen } of pages) {
    expect({ name, told, requests }).toEqual({ name, told: [], requests: [] });
    expect({ name, scripts: seen.scripts, images: seen.images }).toEqual({ name, scripts: 0, images: 0 });
    expect({ name, width: seen.scrollWidth }).toEqual({ name, width: seen.width });
    expect({ name, overlapping: seen.overlapping, unnamed: seen.unnamed }).toEqual({
      name,
      overlapping: 0,
      unnamed: 0,
    });
    expect(seen.links.length).toBeGreaterThanOrEqual(5);
    expect(seen.links.every(Boolean)).toBe(true);
    // A chart without a line would look as if all were well.
    expect({ name, empty: seen.drawn.filter((lines) => lines === 0) }).toEqual({ name, empty: [] });
  }
  const [light, dark] = [
    pages.find(({ name }) => name === "wide"),
    pages.find(({ name }) => name === "wide and dark"),
  ];
  expect(light?.back).not.toBe(dark?.back);
  expect(light?.ink).not.toBe(dark?.ink);
}

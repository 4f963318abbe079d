import type { Panel } from "../dashboards/panel";

/** Of 24 columns, and rows of 30 pixels. */
export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface PlacedPanel {
  readonly panel: Panel;
  readonly gridPos: GridPosition;
}

const columns = 24;
const numberHeight = 4;
const chart = { w: 12, h: 8 };

/** Numbers on top, six in a row at most; below them all else in two columns, in their order. */
export function placePanels(panels: readonly Panel[]): readonly PlacedPanel[] {
  const numbers = panels.filter(({ kind }) => kind === "number");
  const others = panels.filter(({ kind }) => kind !== "number");
  const width = Math.min(6, Math.max(4, Math.floor(columns / Math.max(1, numbers.length))));
  const inRow = Math.floor(columns / width);
  const top = Math.ceil(numbers.length / inRow) * numberHeight;
  return [
    ...numbers.map((panel, index) => ({
      panel,
      gridPos: {
        x: (index % inRow) * width,
        y: Math.floor(index / inRow) * numberHeight,
        w: width,
        h: numberHeight,
      },
    })),
    ...others.map((panel, index) => ({
      panel,
      gridPos: { x: (index % 2) * chart.w, y: top + Math.floor(index / 2) * chart.h, ...chart },
    })),
  ];
}

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeDrillBench, type DrillBench } from "../support/drills";

let bench: DrillBench;
beforeAll(async () => {
  bench = await makeDrillBench();
});
afterAll(() => bench.remove());

describe("a drill of a logical backup", () => {
  test("restores it, compares it with the original, and passes", async () => {
    const { name, snapshot } = await bench.take();
    const { result, checked } = await bench.drill({
      assertions: [{ database: "shop", sql: "SELECT count(*) = 2000 FROM app.orders;" }],
    });
    expect(checked).toEqual([]);
    console.log(JSON.stringify(result, null, 1));
    expect(result).toMatchObject({
      faults: [],
      backup: name,
      recoverableAt: snapshot.takenAt,
      structure: "pg_amcheck",
    });
  });
});

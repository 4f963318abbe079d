import { expect, test } from "vitest";
import { currentLogin, loginsAt } from "../../../../components/core/credentials/turns";

test("one login at a time gets a new password, in turns, and the other keeps its own", () => {
  const steps = [1, 2, 3, 4, 5].map((number) =>
    loginsAt("shop_app", number).map(({ name, passwordVersion, is }) => `${name} ${passwordVersion} ${is}`),
  );
  expect(steps).toEqual([
    ["shop_app 1 current", "shop_app_2 1 former"],
    ["shop_app 1 former", "shop_app_2 2 current"],
    ["shop_app 3 current", "shop_app_2 2 former"],
    ["shop_app 3 former", "shop_app_2 4 current"],
    ["shop_app 5 current", "shop_app_2 4 former"],
  ]);
});

test("the current login is the one whose number is the role's", () => {
  for (let number = 1; number < 50; number += 1) {
    const [current] = loginsAt("a", number).filter(({ is }) => is === "current");
    expect(current).toMatchObject({ name: currentLogin("a", number), passwordVersion: number });
  }
});

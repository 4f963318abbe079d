import { expect, test } from "vitest";
import { rebuildHint } from "../../../../components/core/docker/images";

test.each([
  ["shop-prod-server", "'**::postgres-image'"],
  ["shop-prod-ops", "'**::ops-image'"],
  ["shop-prod-exporter", "'**::monitoring-image'"],
  ["shop-prod-prometheus", "'**::monitoring-image'"],
  ["shop-prod-alertmanager", "'**::monitoring-image'"],
  ["somebody-else", "'**::<its Image>'"],
  [undefined, "'**::<its Image>'"],
])("an image of %s that is gone is built again by a command with %s", (container, pattern) => {
  expect(rebuildHint(container)).toContain(`\`npm run pulumi -- up --replace ${pattern}\` builds it again`);
});

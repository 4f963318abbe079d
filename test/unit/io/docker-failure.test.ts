import { expect, test } from "vitest";
import { isNotRunning } from "../../../components/io/docker/failure";

const said = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message}`), {
    statusCode,
    json: { message },
  });

// As engines 20.10 to 28 write it, for a process that was made in a container that ends.
test.each([
  [409, "Container 644028fe is not running", true],
  [409, "Container 644028fe is restarting, wait until the container is running", true],
  [500, "Container 644028fe is not running: Exited (1) Less than a second ago", true],
  [500, "container not running", true],
  [500, "OCI runtime exec failed: exec failed: cannot exec in a stopped container: unknown", true],
  [500, "write /var/lib/docker: no space left on device", false],
  [404, "No such container: shop-server", false],
])("%s %s", (status, message, expected) => {
  expect(isNotRunning(said(status, message))).toBe(expected);
});

test("a way to the engine that broke is not a container that ended", () => {
  expect(isNotRunning(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }))).toBe(
    false,
  );
  expect(isNotRunning(undefined)).toBe(false);
});

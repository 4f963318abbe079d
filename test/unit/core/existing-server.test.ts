import { describe, expect, test } from "vitest";
import { superuserCapabilities } from "../../../components/core/capabilities";
import { refuseExisting } from "../../../components/core/existing-server";

const desired = { user: "manager", superuser: true };
const capable = superuserCapabilities("manager");
const server = { version: "17.10", systemIdentifier: "7", capabilities: capable };

const refused = (change: Partial<typeof capable>, superuser = true): string[] =>
  refuseExisting({ ...desired, superuser }, { ...server, capabilities: { ...capable, ...change } }).map(
    ({ subject, message }) => `${subject}: ${message}`,
  );

describe("an existing server", () => {
  test("that is as declared is taken", () => {
    expect(refused({})).toEqual([]);
    expect(refused({}, false)).toEqual([]);
    expect(refused({ superuser: false, serverVersion: 140_000 }, false)).toEqual([]);
  });

  test("that cannot be managed is refused with everything that stands in the way", () => {
    const change = { serverVersion: 130_012, inRecovery: true, superuser: false, createRole: false };
    expect(refused({ ...change, createDatabase: false })).toEqual([
      "version of the server: it is PostgreSQL 17.10, and 14 is the oldest that is supported",
      "server: it is a standby: it replays the changes of another server, and takes none itself",
      "role manager: it is declared to be a superuser, and is none (it has neither CREATEROLE nor CREATEDB)",
    ]);
  });
});

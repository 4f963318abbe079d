import { chmod, chown, copyFile, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hbaFile, hostBasedAccess, identRule, managingRule } from "../support/hba";
import { logEverything, readLog } from "../support/server-log";
import { useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();

/** Lets the server read its rules from a directory of their own, as packages of distributions do. */
async function moveTo(directory: string, mode: number): Promise<string> {
  const { dataDirectory } = own.server.instance;
  const { uid, gid } = await stat(dataDirectory);
  const [place, file] = [join(dataDirectory, directory), join(dataDirectory, directory, "pg_hba.conf")];
  await mkdir(place);
  await copyFile(join(dataDirectory, "pg_hba.conf"), file);
  for (const path of [place, file]) await chown(path, uid, gid);
  await chmod(place, mode);
  await own.sql(`ALTER SYSTEM SET hba_file = '${file.replaceAll("'", "''")}'`);
  await own.server.halt();
  await own.server.start();
  return place;
}

test("rules in a place with a name that a shell and SQL would read otherwise", async () => {
  await moveTo('it\'s $HOME \\ "odd"', 0o700);
  await expect(own.stack.up(hostBasedAccess(own.connection, [identRule]))).rejects.toThrow(/log in anew/);
  await own.stack.up(hostBasedAccess(own.connection, [managingRule]));
  expect(await hbaFile(own.server)).toContain("Written by pgstead");
});

test("a directory that the server may not write in is told, and nothing is changed", async () => {
  own.stack.entries.clear();
  const place = await moveTo("closed", 0o500);
  const before = await hbaFile(own.server);
  await expect(own.stack.up(hostBasedAccess(own.connection, [managingRule]))).rejects.toThrow(
    /pg_hba\.conf\.pgstead-previous:\n {2}it cannot be written: program[\s\S]*the server's account needs to write in that directory/,
  );
  expect(await hbaFile(own.server)).toBe(before);
  await chmod(place, 0o700);
});

test("a password in the rules before does not get into the server's log", async () => {
  own.stack.entries.clear();
  const file = join(own.server.instance.dataDirectory, "closed", "pg_hba.conf");
  const text = `${await hbaFile(own.server)}host all other ::1/128 ident map=hushhush\n`;

  await writeFile(file, text);
  await logEverything(own.server);
  await own.stack.up(hostBasedAccess(own.connection, [managingRule]));
  const log = await readLog(own.server);
  expect(log).not.toContain("hushhush");
  expect(log).not.toContain(Buffer.from("hushhush").toString("hex"));
});

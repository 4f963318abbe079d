import type { Plan } from "../core/statement";
import { isRestartOfPutBack, type ActualPutBack } from "../core/settings/put-back";
import { writeServerFile } from "./hba/server-file";
import type { Session } from "./session";
import { keepProof, reload, restartOrPutBack, type SettingsWay } from "./settings-apply";
import { provenFile } from "./settings-proof";
import { pathOfTaken, readTakenFile } from "./taken-files";

/**
 * Compares postgresql.auto.conf with what it was before.
 *
 * @param before its bytes then, in base64
 * @param mine names of the settings that the stack set: for what else waits, others restart
 */
export async function readPutBack(
  session: Session,
  before: string,
  mine: readonly string[],
): Promise<ActualPutBack> {
  const written = [
    ...Buffer.from(before, "base64")
      .toString("utf8")
      .matchAll(/^\s*"?([\w.]+)"?\s*=/gm),
  ];
  const names = [...mine, ...written.map(([, name = ""]) => name)].map((name) => name.toLowerCase());
  const waiting = await session.query<{ name: string }>(
    `SELECT name FROM pg_catalog.pg_settings
     WHERE pending_restart AND pg_catalog.lower(name) = ANY ($1::text[]) ORDER BY name`,
    [names],
  );
  const [version] = await session.query<{ windows: boolean }>(
    "SELECT pg_catalog.version() ~* 'mingw|msvc|visual c|windows' AS windows",
  );
  return {
    isWindows: version?.windows === true,
    isSame: (await readTakenFile(session, "postgresql.auto.conf")) === before,
    waiting: waiting.map(({ name }) => name),
  };
}

/** Does what a plan of `planPutBack` says. A server that does not start with the settings of before keeps the stack's. */
export async function applyPutBack({ statements }: Plan, before: string, way: SettingsWay): Promise<void> {
  const { control } = way;
  if (control !== undefined) await keepProof(control);
  if (statements.some(isRestartOfPutBack) && control !== undefined) {
    await restartOrPutBack(way, control);
    return;
  }
  await way.open(async (session) => {
    const path = await pathOfTaken(session, "postgresql.auto.conf");
    const content = Buffer.from(before, "base64");
    await writeServerFile(session, { path, draft: `${path}.pgstead-draft`, content });
    await reload(session);
  });
}

/** What was kept in case that a restart failed goes. */
export async function forgetProof({ control }: SettingsWay): Promise<void> {
  await control?.removeFile(provenFile);
}

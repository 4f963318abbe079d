import type { TakenFile } from "../core/existing-server";
import { completeRules } from "../core/hba/check";
import { planPutBack } from "../core/settings/put-back";
import type { Plan } from "../core/statement";
import type { ControlPlace } from "../io/control";
import { applyHba } from "../io/hba/apply";
import { readHba } from "../io/hba/read";
import { unlessOwned } from "../io/owner-row";
import { serverControl } from "../io/server-control";
import { withSession, type Session } from "../io/session";
import type { SettingsWay } from "../io/settings-apply";
import { applyPutBack, forgetProof, readPutBack } from "../io/settings-put-back";
import { readTakenFile } from "../io/taken-files";
import type { DeleteRequest } from "./contract";
import { applyPlanned, type Planned, type Way } from "./planned";
import { revealMap } from "./properties";
import { readConnections } from "./server-connection";
import { showWarning } from "./show-plan";

interface Kept {
  /** Bytes of the file before, in base64. */
  readonly before?: string;
  readonly stack?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly control?: ControlPlace;
  readonly restart?: "allow" | "refuse";
  readonly connection: { readonly user: string };
  readonly rollbackSeconds?: number;
}

/**
 * Makes postgresql.auto.conf what it was before the stack changed it, and the server go by it: with a reload, and with a
 * restart where the stack may restart it. Nothing where nobody kept what it was: the server is the stack's own.
 */
export async function putBackSettings(request: DeleteRequest): Promise<void> {
  const { before, control, restart, stack, settings = {} } = revealMap(request.inputs) as unknown as Kept;
  if (before === undefined) return;
  const mayRestart = restart === "allow" && control !== undefined;
  const wayOf = async ({ connection }: Pick<Way, "connection">): Promise<SettingsWay> => ({
    open: (use) => withSession(connection, {}, use),
    control: mayRestart ? await serverControl(control) : undefined,
  });
  const connections = readConnections(request.inputs, undefined);
  const plan = await applyPlanned(request, {
    ...connections,
    ...without("settings"),
    mayRestart: true,
    plan: (maintenance) =>
      unlessAnothers(maintenance, { stack, what: "postgresql.conf" }, async () =>
        planPutBack(await readPutBack(maintenance, before, Object.keys(settings)), mayRestart),
      ),
    act: async (todo, way) => applyPutBack(todo, before, await wayOf(way)),
  });
  const [connection] = connections.connections;
  if (connection !== undefined) await forgetProof(await wayOf({ connection }));
  await showWarning(request, plan.notes?.[0]);
}

/** Makes pg_hba.conf what it was before the stack changed it: checked, loaded and proven as every change of it. */
export async function putBackHba(request: DeleteRequest): Promise<void> {
  const {
    before,
    stack,
    connection: login,
    rollbackSeconds = 10,
  } = revealMap(request.inputs) as unknown as Kept;
  if (before === undefined) return;
  await applyPlanned(request, {
    ...readConnections(request.inputs, undefined),
    ...without("pg_hba.conf"),
    plan: (maintenance) =>
      unlessAnothers(maintenance, { stack, what: "pg_hba.conf" }, () => planHbaBack(maintenance, before)),
    async act(_todo, { maintenance, connection }) {
      const found = await readHba(maintenance, login.user);
      if ("obstacle" in found) throw new Error("what was written can be written back");
      const content = Buffer.from(before, "base64");
      const rules = completeRules([]);
      await applyHba({ maintenance, target: connection, rules, content, found, rollbackSeconds });
    },
  });
}

async function planHbaBack(maintenance: Session, before: string): Promise<Plan> {
  const file: TakenFile = "pg_hba.conf";
  if ((await readTakenFile(maintenance, file)) === before) return { statements: [], refusals: [] };
  const sql = `put ${file} back as it was before this stack`;
  const reason = "the stack looks after it no more";
  const step = { sql, reason, risk: "access", kind: "pg_hba", step: true, transactional: false } as const;
  return { statements: [step], refusals: [] };
}

/** What has become another stack's is not ours to put back, and no reason to stay. */
async function unlessAnothers(...args: Parameters<typeof unlessOwned>): Promise<Plan> {
  const plan = await unlessOwned(...args);
  if (plan.refusals.length === 0) return plan;
  return { statements: [], refusals: [], notes: plan.refusals.map(({ message }) => message) };
}

/** A server that is not there has nothing to be put back on. */
function without(id: string): Pick<Planned, "id" | "planEmpty" | "planUnread"> {
  const nothing: Plan = { statements: [], refusals: [] };
  return { id, planEmpty: () => nothing, planUnread: () => nothing };
}

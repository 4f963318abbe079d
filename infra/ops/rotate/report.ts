import type { Finding } from "../../../components/core/finding";
import type { LoginSessions } from "../../../components/io/catalog/login-sessions";
import type { CommandContext } from "../command";
import type { Report } from "../report";
import { describeSessions, type Proof } from "./prove";
import type { Subject } from "./choose";

export interface RotateData {
  /** Whether `up` came to its end. */
  readonly done: boolean;
  /** Whether it ended in the middle: passwords were made, and the file has their numbers. */
  readonly begun: boolean;
  /** The stack's file, which holds the numbers. */
  readonly file: string;
  readonly roles: readonly RotatedRole[];
  /** Containers that start anew with it. */
  readonly restarts: readonly string[];
}

/** A password, as it was and as it is, or would be. */
export interface RotatedRole {
  readonly kind: Subject["kind"];
  /** Null: the administrator. */
  readonly database: string | null;
  /** Its name in the configuration. */
  readonly key: string;
  /** Name on the server; of two logins, the first. */
  readonly role: string;
  readonly from: number;
  readonly to: number;
  /** Who logs in with it now; the one before, where two take turns. */
  readonly login: string;
  readonly former: string | null;
  /** Of real logins; null: none was tried. */
  readonly newPassword: Proof | null;
  readonly oldPassword: Proof | null;
  /** Sessions of before, which have to log in anew one day; null: nobody looked. */
  readonly sessions: number | null;
  readonly applications: readonly string[];
}

/** What was found out of a subject after `up`. */
export interface Proven {
  readonly newPassword: Proof;
  readonly oldPassword: Proof;
  readonly sessions: LoginSessions;
}

export interface Outcome {
  readonly done: boolean;
  readonly begun?: boolean;
  readonly proven?: ReadonlyMap<Subject, Proven>;
  readonly findings?: readonly Finding[];
  readonly cancelled?: boolean;
}

/** The report of a run, or of one that did not come about. */
export function reportRotation(
  { stack, config }: CommandContext,
  subjects: readonly Subject[],
  { done, begun = false, proven, findings = [], cancelled = false }: Outcome,
): Report<RotateData> {
  const roles = subjects.map((subject): RotatedRole => {
    const { kind, database, key, role, from, to, login, before } = subject;
    const found = proven?.get(subject);
    return {
      ...{ kind, database, key, role, from, to, login },
      former: kind === "dual" ? before : null,
      newPassword: found?.newPassword ?? null,
      oldPassword: found?.oldPassword ?? null,
      sessions: found?.sessions.sessions ?? null,
      applications: found?.sessions.applications ?? [],
    };
  });
  const failed = subjects.flatMap((subject) => {
    const found = proven?.get(subject);
    return found === undefined ? [] : findFaults(subject, found);
  });
  const monitor = config.docker?.monitoring?.monitor?.role;
  const restarts = subjects.some(({ role, before, login }) => [role, before, login].includes(monitor ?? ""))
    ? [`${config.docker?.name ?? ""}-exporter`]
    : [];
  return {
    command: "rotate",
    stack,
    data: { done, begun, file: `Pulumi.${config.stack}.yaml`, roles, restarts },
    findings: [...findings, ...failed],
    ...(cancelled ? { cancelled } : {}),
  };
}

function findFaults({ kind, role, login, before, from, to }: Subject, found: Proven): Finding[] {
  const { newPassword, oldPassword } = found;
  const subject = `role ${role}`;
  const isFinish = kind === "dual" && from === to;
  const rules = "does pg_hba.conf let this machine in as it? `drift` compares the rules";
  const wanted = kind === "dual" && !isFinish ? "accepted" : "refused";
  return [
    ...(newPassword === "refused"
      ? [
          {
            subject,
            message: `the new password of ${login} is refused`,
            hint: "`drift` says what differs",
            severity: "critical" as const,
          },
        ]
      : []),
    ...(newPassword === "unknown"
      ? [
          {
            subject,
            message: `whether the new password of ${login} works could not be tried from here`,
            hint: rules,
          },
        ]
      : []),
    ...(oldPassword === "unknown" || oldPassword === wanted
      ? []
      : [
          wanted === "refused"
            ? {
                subject,
                message: `the old password of ${before} is still accepted`,
                hint: "does a rule of pg_hba.conf ask for none (`trust`)?",
              }
            : {
                subject,
                message: `the password of ${before}, which clients may still use, is refused`,
                hint: "have them look again: `connection`",
              },
        ]),
  ];
}

/** Clients that have not looked again since the last time, and would be locked out by this one. */
export function findStale(stale: readonly LoginSessions[], subjects: readonly Subject[]): Finding[] {
  return stale
    .filter(({ sessions }) => sessions > 0)
    .map((found) => {
      const key = subjects.find(({ login, before }) => [login, before].includes(found.login))?.key ?? "";
      return {
        subject: `role ${found.login}`,
        message: `${describeSessions(found)} still log${found.sessions === 1 ? "s" : ""} in by a password that would end now`,
        hint: `have these clients look again (\`connection --role ${key}\`) and reconnect; --cut-off goes on without them`,
      };
    });
}

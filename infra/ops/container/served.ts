import { X509Certificate } from "node:crypto";
import type { ContainerOpsContext } from "../../../components/core/ops-context";
import { problemError } from "../../../components/core/problem";
import { readServedCertificate } from "../../../components/io/served-certificate";
import { withSession } from "../../../components/io/session";
import { pause, type Clock } from "./clock";
import { administratorOf } from "./context";
import type { JobRun } from "./job";
import { describeError } from "./log";

/** What is to be served, and to whom it is proven. */
export interface ServedProof {
  readonly clock: Clock;
  readonly run: Pick<JobRun, "signal">;
  /** PEM text of what is in the file. */
  readonly certificate: string;
  /** PEM text of the authority. */
  readonly ca: string;
}

/** A server that starts together with this container takes its time; a reload takes a moment. */
const patienceMs = 60_000;
const pauseMs = 250;
const handshakeMs = 5_000;

/**
 * Proves by a handshake, as a client of the stack's network begins one, that the server shows a certificate and that it
 * is believed; has the server reload where it shows another one.
 *
 * @throws ProblemError where it does not within a minute, with what it does instead
 */
export async function proveServed(context: ContainerOpsContext, proof: ServedProof): Promise<void> {
  const { clock, run } = proof;
  const deadline = clock.now() + patienceMs;
  let isReloaded = false;
  for (;;) {
    const fault = await findFault(context, proof);
    if (fault === undefined) return;
    if (clock.now() > deadline) throw notServed(context, fault);
    if (!isReloaded) isReloaded = await reload(context);
    await pause(clock, pauseMs, run.signal);
  }
}

/** Undefined: it is served and believed. */
async function findFault(
  { server }: ContainerOpsContext,
  { run, certificate, ca }: ServedProof,
): Promise<string | undefined> {
  const wanted = new X509Certificate(certificate).fingerprint256;
  try {
    const options = { ca, timeoutMs: handshakeMs, signal: run.signal };
    const served = await readServedCertificate(server, options);
    if (served.certificate.fingerprint256 !== wanted) {
      return `it shows another one, valid until ${new Date(served.certificate.validTo).toISOString()}`;
    }
    return served.distrust === undefined ? undefined : `clients do not believe it: ${served.distrust}`;
  } catch (error) {
    run.signal.throwIfAborted();
    return describeError(error);
  }
}

/** False: the server takes no session yet, and is asked again. */
async function reload(context: ContainerOpsContext): Promise<boolean> {
  const database = context.server.maintenanceDatabase;
  const options = { database, statementTimeoutMs: 10_000, applicationName: "pgstead ops" };
  try {
    await withSession(administratorOf(context), options, (session) =>
      session.query("SELECT pg_catalog.pg_reload_conf()"),
    );
    return true;
  } catch {
    return false; // the handshake's own fault is what is told in the end
  }
}

function notServed({ server, files }: ContainerOpsContext, fault: string): Error {
  return problemError(
    `PostgreSQL at ${server.host}:${server.port}`,
    `does not serve ${files.serverCertificate}: ${fault}`,
    "its log says why a reload did not take it (`could not load …`); is the server up?",
  );
}

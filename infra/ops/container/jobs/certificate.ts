import { readFile } from "node:fs/promises";
import { planCertificate, type FoundCertificate } from "../../../../components/core/certificate/plan";
import { renderDuration } from "../../../../components/core/duration";
import type { ContainerOpsContext } from "../../../../components/core/ops-context";
import { problemError, ProblemError } from "../../../../components/core/problem";
import {
  checkAuthority,
  inspectCertificate,
  issueServerCertificate,
  readCertificate,
  type CertificatePair,
} from "../../../../components/io/certificate";
import { replaceFile } from "../../../../components/io/replace-file";
import type { Clock } from "../clock";
import type { Job, JobRun } from "../job";
import { proveServed } from "../served";

/**
 * Renews the server's certificate before its end, by the decision that `up` takes as well, with a reload and without a
 * restart. Each run proves by a handshake that the server shows what is in the files: one that was renewed and never
 * loaded would end unseen.
 */
export function certificateJob(context: ContainerOpsContext, { clock }: { readonly clock: Clock }): Job {
  return {
    name: "certificate",
    summary: "renew the server's certificate before its end, and prove that it is served",
    timeoutMs: 180_000,
    // A pair that a crash has left torn keeps the server from its next start.
    runsAtStart: true,
    async run(run) {
      const now = new Date(clock.now());
      const { files, certificate: desired } = context;
      const authority = await readAuthority(files.authorityCertificate);
      const pair = await readPair(files);
      const found = inspectCertificate(pair, authority.pem);
      const reason = planCertificate(desired, found, authority.notAfter, now);
      if (reason === undefined) {
        await proveServed(context, { clock, run, certificate: pair.certificate ?? "", ca: authority.pem });
        if (found.kind !== "there") return;
        const left = renderDuration((found.notAfter.getTime() - now.getTime()) / 1_000);
        run.log.info(`the certificate is served, and valid for another ${left}`);
        return;
      }
      const previous = isUsable(pair, found, now) ? pair : undefined;
      const next = await issue(context, authority.pem, now);
      await putInPlace({ context, clock, run }, { next, previous, ca: authority.pem });
      const notAfter = readCertificate(next.certificate)?.notAfter.toISOString() ?? "";
      run.log.info(`a new certificate is served, without a restart; of the one before: ${reason}`, {
        notAfter,
      });
    },
  };
}

interface Authority {
  readonly pem: string;
  readonly notAfter: Date;
}

const writtenByUp = "it is written by `up`: run it again";

async function readAuthority(path: string): Promise<Authority> {
  const pem = await readText(path);
  const facts = pem === undefined ? undefined : readCertificate(pem);
  if (pem === undefined || facts === undefined) {
    throw problemError(path, "holds no certificate of an authority", writtenByUp);
  }
  return { pem, notAfter: facts.notAfter };
}

async function readPair({
  serverCertificate,
  serverKey,
}: ContainerOpsContext["files"]): Promise<Partial<CertificatePair>> {
  const [certificate, key] = await Promise.all([readText(serverCertificate), readText(serverKey)]);
  return { ...(certificate === undefined ? {} : { certificate }), ...(key === undefined ? {} : { key }) };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether a server could work with it: then it is what is put back where the new one is not served. */
function isUsable(
  pair: Partial<CertificatePair>,
  found: FoundCertificate,
  now: Date,
): pair is CertificatePair {
  return (
    pair.certificate !== undefined &&
    pair.key !== undefined &&
    found.kind === "there" &&
    found.keyBelongs &&
    found.notAfter > now
  );
}

async function issue(
  { files, certificate }: ContainerOpsContext,
  ca: string,
  now: Date,
): Promise<CertificatePair> {
  const key = await readText(files.authorityKey);
  if (key === undefined) throw problemError(files.authorityKey, "is not there", writtenByUp);
  const authority = { certificate: ca, key };
  const where = { certificate: files.authorityCertificate, key: files.authorityKey };
  const problems = checkAuthority(authority, now, where);
  if (problems.length > 0) throw new ProblemError("no certificate can be made with the authority", problems);
  const next = await issueServerCertificate(authority, certificate.names, certificate.validity, now);
  const found = inspectCertificate(next, ca);
  // Looked at before it is written: a server that loads it is not the place to find out.
  if (found.kind === "there" && found.isOfAuthority && found.keyBelongs) return next;
  throw problemError("the new certificate", "does not fit its key or its authority", "please report this");
}

interface Change {
  readonly next: CertificatePair;
  readonly previous: CertificatePair | undefined;
  readonly ca: string;
}

/** Writes the new pair and has it served; where that cannot be proven, the one before comes back. */
async function putInPlace(
  {
    context,
    clock,
    run,
  }: { readonly context: ContainerOpsContext; readonly clock: Clock; readonly run: JobRun },
  { next, previous, ca }: Change,
): Promise<void> {
  await writePair(context.files, next);
  try {
    await proveServed(context, { clock, run, certificate: next.certificate, ca });
  } catch (error) {
    if (previous !== undefined) {
      await writePair(context.files, previous);
      run.log.warning("the new certificate is not proven to be served: the one before is back in its place");
    }
    throw error;
  }
}

/**
 * Each file changes as a whole, the two one after the other. A server that starts just then finds a pair that does not
 * fit and is started again by Docker; a crash just then is mended by the next start of this container.
 */
async function writePair(
  files: ContainerOpsContext["files"],
  { certificate, key }: CertificatePair,
): Promise<void> {
  await replaceFile(files.serverKey, key, 0o600);
  await replaceFile(files.serverCertificate, certificate, 0o644);
}

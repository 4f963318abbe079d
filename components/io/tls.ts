import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";
import { isPem, resolveTls, type ConnectionTarget } from "../core/connection";
import { problemError } from "../core/problem";
import { projectRoot } from "./places";

/** What the client does about encryption, by libpq's modes; false is none. */
export async function tlsOptions(
  target: Pick<ConnectionTarget, "host" | "tls">,
): Promise<ConnectionOptions | false> {
  const { mode, ca } = resolveTls(target);
  if (mode === "disable") return false;
  if (mode === "require") return { rejectUnauthorized: false };
  return {
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: await readAuthority(ca) }),
    // Node would check the name `localhost` where the host is an address.
    checkServerIdentity: (_name, certificate) =>
      mode === "verify-full" ? checkServerIdentity(target.host, certificate) : undefined,
  };
}

async function readAuthority(ca: string): Promise<string> {
  if (isPem(ca)) return ca;
  const path = isAbsolute(ca) ? ca : join(projectRoot(), ca);
  const hint = "give the file of the authority's certificate as PEM (`-----BEGIN CERTIFICATE-----` …).";
  try {
    const text = await readFile(path, "utf8");
    if (isPem(text)) return text;
  } catch (error) {
    throw problemError(`certificate authority ${ca}`, `cannot be read: ${(error as Error).message}`, hint, {
      cause: error,
    });
  }
  throw problemError(`certificate authority ${ca}`, "is no PEM file", hint);
}

/** Node's codes of a certificate that is not believed (`node:tls`, "X509 certificate error codes"). */
const untrusted =
  /^(?:CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|INVALID_CA|HOSTNAME_MISMATCH|ERR_TLS_CERT_|PATH_LENGTH)/;

/** What a failure of TLS means for its user; undefined: it is none. A server that is not proven is not asked again. */
export function describeTlsFailure(
  target: Pick<ConnectionTarget, "host" | "port" | "tls">,
  error: unknown,
): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = "" } = error as NodeJS.ErrnoException;
  const place = `PostgreSQL at ${target.host}:${target.port}`;
  const { mode } = resolveTls(target);
  if (/server does not (?:support SSL|offer TLS)/.test(error.message)) {
    const hint =
      "turn TLS on there (`ssl`), or, where nobody else is on the way, say `tls: { mode: disable }`.";
    return problemError(place, `has no TLS, and the mode is ${mode}`, hint, { cause: error });
  }
  if (!untrusted.test(code)) return undefined;
  const hint =
    code === "ERR_TLS_CERT_ALTNAME_INVALID"
      ? "connect by a name that the certificate has, or lower the mode to verify-ca."
      : "name the file of the authority that signed it: `tls: { ca: … }`.";
  return problemError(
    place,
    `its certificate is not believed: ${error.message} (${code}); mode ${mode}`,
    hint,
    { cause: error },
  );
}

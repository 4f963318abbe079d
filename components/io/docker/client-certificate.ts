import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { problemError } from "../../core/problem";
import { errorMessage } from "../../core/error-message";

/** What a client needs for an engine over TLS, as PEM. */
export interface ClientCertificate {
  /** Of the authority that has signed the engine's certificate. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * The files that Docker's own client takes from a directory.
 *
 * @throws ProblemError one of them cannot be read
 */
export function readClientCertificate(directory: string): ClientCertificate {
  const read = (name: string): string => readPem(join(directory, name));
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

/** The directory that the environment names; undefined: it asks for no TLS. */
export function certificateDirectory(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { DOCKER_CERT_PATH = "", DOCKER_TLS_VERIFY = "" } = env;
  if (DOCKER_CERT_PATH !== "") return DOCKER_CERT_PATH;
  return DOCKER_TLS_VERIFY === "" ? undefined : join(homedir(), ".docker");
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = errorMessage(error);
    const hint =
      "pgstead:docker.certPath, or DOCKER_CERT_PATH, is a directory with ca.pem, cert.pem and key.pem.";
    throw problemError(file, `the certificate cannot be read: ${reason}`, hint, { cause: error });
  }
}

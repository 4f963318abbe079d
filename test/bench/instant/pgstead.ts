import { serveProvider } from "../../../components/providers/protocol";
import { instantType } from "./instant-type";

/** Stands in for the provider `pgstead`: the same types and outputs, and no server. */
void serveProvider({
  version: "0.1.0",
  resources: {
    "pgstead:index:Access": instantType({ refusals: [] }),
    "pgstead:index:Certificate": instantType({
      caCertificate: "a certificate",
      caKey: "a key",
      certificate: "a certificate",
      key: "a key",
      notAfter: "2100-01-01T00:00:00.000Z",
      fingerprint: "00",
      refusals: [],
    }),
    "pgstead:index:Credential": instantType({ password: "x".repeat(32), verifier: "SCRAM-SHA-256$x" }),
    "pgstead:index:DockerHost": instantType({ refusals: [] }),
    "pgstead:index:DockerServer": instantType({ version: "17.10", systemIdentifier: "1", refusals: [] }),
    "pgstead:index:EmbeddedServer": instantType({
      host: "127.0.0.1",
      version: "17.10",
      systemIdentifier: "1",
      dataDirectory: "/nowhere",
      logDirectory: "/nowhere",
      refusals: [],
    }),
    "pgstead:index:Files": instantType({ hashes: {}, refusals: [] }),
    "pgstead:index:Guard": instantType(),
    "pgstead:index:HostBasedAccess": instantType({ refusals: [] }),
    "pgstead:index:ServerReplacement": instantType({ refusals: [] }),
    "pgstead:index:Settings": instantType({ refusals: [] }),
  },
});

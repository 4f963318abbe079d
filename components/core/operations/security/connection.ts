import {
  cannotSay,
  exception,
  fail,
  manual,
  none,
  notApplicable,
  ofSetting,
  pass,
  type Control,
  type Verdict,
} from "./control";
import type { HbaFact, SecurityFacts } from "./facts";

const of = (id: string, title: string, page: string) => ({
  id: `connection.${id}`,
  area: "connection" as const,
  title,
  source: manual(page),
});

const hbaMend = "remove the rule: pgstead:server.hba has them all, and `up` writes the file whole";

/** A control that goes through the rules of pg_hba.conf. */
function ofRules(
  id: string,
  title: string,
  isWrong: (rule: HbaFact, facts: SecurityFacts) => boolean,
  page = "auth-pg-hba-conf.html",
): Control {
  return {
    ...of(id, title, page),
    mend: hbaMend,
    judge: (facts) => {
      if (facts.hba === undefined) return cannotSay("pg_hba.conf is for superusers to see");
      const wrong = facts.hba.filter((rule) => rule.method !== "reject" && isWrong(rule, facts));
      return none(wrong.map(shown), `${facts.hba.length} rules`);
    },
  };
}

function shown({ line, type, database, user, address, method }: HbaFact): string {
  return `line ${line}: ${[type, database.join(","), user.join(","), address ?? "", method].filter((word) => word !== "").join(" ")}`;
}

const loopback = (address: string | null): boolean =>
  address !== null && /^(?:127\.|::1$|::1\/|localhost$|samehost$)/.test(address);

function listensOnLoopbackOnly({ settings }: SecurityFacts): boolean {
  return (settings.listen_addresses ?? "")
    .split(",")
    .every((one) => ["localhost", "127.0.0.1", "::1", ""].includes(one.trim()));
}

/** Controls of TLS say nothing of a server that nobody reaches over a network. */
function overNetwork(control: Control): Control {
  return {
    ...control,
    judge: (facts): Verdict =>
      listensOnLoopbackOnly(facts)
        ? notApplicable(`listen_addresses = ${facts.settings.listen_addresses ?? ""}`)
        : control.judge(facts),
  };
}

export const connectionControls: readonly Control[] = [
  {
    ...of("listen", "the server listens on chosen addresses only", "runtime-config-connection.html"),
    mend: "set listen_addresses; on target docker pgstead:docker.publish",
    judge: ({ settings, declared }) => {
      const value = settings.listen_addresses ?? "";
      if (!/\*|0\.0\.0\.0|::(?:,|$)/.test(value)) return pass(`listen_addresses = ${value}`);
      if (declared.target !== "docker") return fail(`listen_addresses = ${value}`);
      const everywhere = declared.published.filter((address) => ["0.0.0.0", "::"].includes(address));
      const evidence = `listen_addresses = ${value}, published on ${declared.published.join(", ")}`;
      return everywhere.length > 0
        ? fail(evidence)
        : exception(evidence, "in a container these are its own addresses: what is published is what counts");
    },
  },
  ofRules("trust", "nobody comes in without proof", ({ method }) => method === "trust", "auth-trust.html"),
  ofRules(
    "weak-methods",
    "no password goes in clear or as MD5, and no client's word counts",
    ({ method }) => ["password", "md5", "ident", "bsd"].includes(method),
    "auth-password.html",
  ),
  ofRules(
    "encryption",
    "over a network only TLS is let in",
    ({ type, address }) =>
      type === "hostnossl" || type === "hostnogssenc" || (type === "host" && !loopback(address)),
  ),
  ofRules(
    "everybody",
    "no rule lets every role into every database from everywhere",
    ({ type, database, user, address }) =>
      type !== "local" && database.includes("all") && user.includes("all") && !loopback(address),
  ),
  ofRules(
    "replication",
    "the write-ahead log is streamed by declared roles only",
    ({ database, user, type }, { declared }) => {
      const allowed = new Set([
        declared.administrator,
        ...declared.roles.filter((role) => role.replication).map(({ name }) => name),
      ]);
      return type !== "local" && database.includes("replication") && user.some((name) => !allowed.has(name));
    },
  ),
  {
    ...of("administrator", "the superuser does not log in over the network", "auth-pg-hba-conf.html"),
    mend: hbaMend,
    judge: (facts) => {
      const { hba, declared } = facts;
      if (hba === undefined) return cannotSay("pg_hba.conf is for superusers to see");
      const wrong = hba.filter(
        ({ type, address, method, user }) =>
          type !== "local" &&
          method !== "reject" &&
          !loopback(address) &&
          (user.includes(declared.administrator) || user.includes("all")),
      );
      if (wrong.length === 0) return pass("over the socket and loopback only");
      const evidence = wrong.map(shown).join(", ");
      const isOurs =
        declared.target === "docker" &&
        wrong.every(({ type, method }) => type === "hostssl" && method === "scram-sha-256");
      return isOurs
        ? exception(
            evidence,
            "pgstead itself logs in so, with TLS and SCRAM, on the published addresses; a container has no other way in",
          )
        : fail(evidence);
    },
  },
  ofSetting(
    of("scram", "new passwords become SCRAM verifiers", "auth-password.html"),
    "password_encryption",
    (value) => value === "scram-sha-256",
  ),
  overNetwork(
    ofSetting(of("tls", "the server offers TLS", "ssl-tcp.html"), "ssl", (value) => value === "on"),
  ),
  overNetwork(
    ofSetting(
      of("tls-version", "TLS is 1.2 at least", "runtime-config-connection.html"),
      "ssl_min_protocol_version",
      (value) => /^TLSv1\.[23]$/.test(value),
    ),
  ),
  overNetwork(
    ofSetting(
      of("ciphers", "ciphers of TLS 1.2 are strong ones", "runtime-config-connection.html"),
      "ssl_ciphers",
      (value) =>
        !value
          .split(/[:, ]/)
          .some((word) => /^\+?(?:LOW|MEDIUM|ALL|DEFAULT|EXP.*|RC4.*|3?DES.*|MD5|e?NULL|aNULL)$/i.test(word)),
    ),
  ),
  ofSetting(
    of(
      "authentication-timeout",
      "a login that is not finished within a minute ends",
      "runtime-config-connection.html",
    ),
    "authentication_timeout",
    (value) => Number(value) <= 60,
  ),
  ofSetting(
    of("idle-transactions", "a transaction that does nothing ends", "runtime-config-client.html"),
    "idle_in_transaction_session_timeout",
    (value) => Number(value) > 0,
  ),
];

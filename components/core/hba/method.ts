import type { HbaMethod, HbaRule } from "./rule";

export interface MethodFault {
  readonly message: string;
  readonly hint: string;
  /** Name of the option that it is about. */
  readonly option?: string;
}

const ldap: readonly HbaMethod[] = ["ldap"];
const radius: readonly HbaMethod[] = ["radius"];
const oauth: readonly HbaMethod[] = ["oauth"];
const kerberos: readonly HbaMethod[] = ["gss", "sspi"];

/** Options and the methods that take them: `parse_hba_auth_opt` of hba.c, PostgreSQL 14 to 18. */
const optionMethods: Readonly<Record<string, readonly HbaMethod[] | "any">> = {
  map: ["ident", "peer", "gss", "sspi", "cert", "oauth"],
  clientcert: "any",
  clientname: "any",
  pamservice: ["pam"],
  pam_use_hostname: ["pam"],
  ldapurl: ldap,
  ldaptls: ldap,
  ldapscheme: ldap,
  ldapserver: ldap,
  ldapport: ldap,
  ldapbinddn: ldap,
  ldapbindpasswd: ldap,
  ldapsearchattribute: ldap,
  ldapsearchfilter: ldap,
  ldapbasedn: ldap,
  ldapprefix: ldap,
  ldapsuffix: ldap,
  krb_realm: kerberos,
  include_realm: kerberos,
  compat_realm: ["sspi"],
  upn_username: ["sspi"],
  radiusservers: radius,
  radiusports: radius,
  radiussecrets: radius,
  radiusidentifiers: radius,
  issuer: oauth,
  scope: oauth,
  validator: oauth,
  delegate_ident_mapping: oauth,
};

/** What PostgreSQL refuses about method and options of a rule, in its own words. */
export function findMethodFault(rule: HbaRule): MethodFault | undefined {
  const { type, method } = rule;
  if (method === "gss" && type === "local") {
    return {
      message: "gssapi authentication is not supported on local sockets",
      hint: "write host, or another method",
    };
  }
  if (method === "peer" && type !== "local") {
    return {
      message: "peer authentication is only supported on local sockets",
      hint: "write scram-sha-256 or cert",
    };
  }
  if (method === "cert" && type !== "hostssl") {
    return {
      message: "cert authentication is only supported on hostssl connections",
      hint: "write hostssl, or another method",
    };
  }
  for (const name of Object.keys(rule.options ?? {})) {
    const fault = findOptionFault(rule, name);
    if (fault !== undefined) return { ...fault, option: name };
  }
  return undefined;
}

function findOptionFault({ type, method, options }: HbaRule, name: string): MethodFault | undefined {
  const methods = Object.hasOwn(optionMethods, name) ? optionMethods[name] : undefined;
  if (methods === undefined) {
    const hint = `known for ${method}: ${namesFor(method).join(", ") || "none"}`;
    return { message: `unrecognized authentication option name: "${name}"`, hint };
  }
  if (methods !== "any" && !methods.includes(method)) {
    return {
      message: `authentication option "${name}" is only valid for authentication methods ${methods.join(", ")}`,
      hint: "remove it, or change the method",
    };
  }
  if (methods === "any" && type !== "hostssl") {
    return {
      message: `${name} can only be configured for "hostssl" rows`,
      hint: "write hostssl, or remove it",
    };
  }
  const allowed = name === "clientcert" ? ["verify-ca", "verify-full"] : ["DN", "CN"];
  if (methods !== "any" || allowed.includes(options?.[name] ?? "")) return undefined;
  return {
    message: `invalid value for ${name}: "${options?.[name] ?? ""}"`,
    hint: `write one of ${allowed.join(", ")}`,
  };
}

function namesFor(method: HbaMethod): string[] {
  return Object.entries(optionMethods)
    .filter(([, methods]) => methods !== "any" && methods.includes(method))
    .map(([name]) => name);
}

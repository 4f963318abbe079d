import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { good, letters, roles, server, testCases } from "./bad-configuration";

const right = {
  type: "host",
  database: "all",
  user: "postgres",
  address: "127.0.0.1/32",
  method: "scram-sha-256",
};
const hba = (...rules: readonly unknown[]) => server({ hba: rules });
const rule = (change: Record<string, unknown>) => hba({ ...right, ...change });
const forced = "or add force: true to the rule";
const passwords =
  "a password does not belong into a configuration file, and pg_hba.conf would hold it in clear / use a method without a shared secret, such as ldap with ldapprefix and ldapsuffix, cert or scram-sha-256";

describe("a mistake in the rules of pg_hba.conf is told", () => {
  testCases([
    {
      what: "no list",
      change: server({ hba: "all" }),
      says: [
        'pgstead:server.hba: "all" is not a list / write it such as `hba: [{ type: host, database: all, user: postgres, address: 127.0.0.1/32, method: scram-sha-256 }]`',
      ],
    },
    {
      what: "words that there are not, and the rules after keep their places",
      change: hba({ ...right, type: "hosts", method: "scram" }, { ...right, address: "10.0.0.0" }),
      says: [
        'pgstead:server.hba[0].type: "hosts" is not one of local, host, hostssl, hostnossl, hostgssenc, hostnogssenc / did you mean host?',
        'pgstead:server.hba[0].method: "scram" is not one of scram-sha-256, reject, cert, peer, ident, ldap, gss, sspi, pam, bsd, radius, oauth, md5, password, trust / write it such as `method: scram-sha-256`',
        "pgstead:server.hba[1].address: 10.0.0.0 has no prefix length / write 10.0.0.0/32 for that host alone",
      ],
    },
    {
      what: "a key that there is not",
      change: rule({ users: "postgres" }),
      says: ["pgstead:server.hba[0].users: is not a known key / did you mean user?"],
    },
    {
      what: "nothing where something has to be",
      change: hba({ type: "host", database: [], user: "postgres", method: "scram-sha-256" }),
      says: [
        "pgstead:server.hba[0].database: is empty / write database: all, or names",
        "pgstead:server.hba[0].address: is missing / write it, such as address: 127.0.0.1/32",
      ],
    },
    {
      what: "an address for a local socket",
      change: rule({ type: "local" }),
      says: ["pgstead:server.hba[0].address: a local rule has no address / remove it, or write host"],
    },
    {
      what: "a host name",
      change: rule({ type: "hostssl", address: "db.example.org" }),
      says: [
        'pgstead:server.hba[0].address: "db.example.org" is a host name: it would be looked up at every login, and nobody gets in while the name server is away / write its network in CIDR notation, or one of all, samehost, samenet',
      ],
    },
    {
      what: "a prefix length that there is not, and one that cuts bits off",
      change: hba(
        { ...right, type: "hostssl", address: "10.0.0.0/33" },
        { ...right, type: "hostssl", address: "10.1.2.3/8" },
        { ...right, type: "hostssl", address: "2001:db8::1/32" },
      ),
      says: [
        "pgstead:server.hba[0].address: 10.0.0.0/33 has a prefix length that there is not / write 0 to 32 for IPv4, 0 to 128 for IPv6",
        "pgstead:server.hba[1].address: 10.1.2.3/8 has more bits set than its prefix length keeps / write 10.0.0.0/8 for the network, or 10.1.2.3/32 for the host",
        "pgstead:server.hba[2].address: 2001:db8::1/32 has more bits set than its prefix length keeps / write 2001:db8::/32 for the network, or 2001:db8::1/128 for the host",
      ],
    },
    {
      what: "no encryption beyond loopback",
      change: hba(
        { ...right, address: "10.0.0.0/8" },
        { ...right, type: "hostnossl", address: "all" },
        { ...right, type: "hostnogssenc", address: "samenet" },
        { ...right, address: "127.0.0.0/7" },
      ),
      says: [
        "host lets 10.0.0.0/8",
        "hostnossl lets all",
        "hostnogssenc lets samenet",
        "host lets 127.0.0.0/7",
      ].flatMap((start, index) => [
        ...(index === 3
          ? [
              "pgstead:server.hba[3].address: 127.0.0.0/7 has more bits set than its prefix length keeps / write 126.0.0.0/7 for the network, or 127.0.0.0/32 for the host",
            ]
          : []),
        `pgstead:server.hba[${index}].type: ${start} in without encryption, which only loopback may / write hostssl, ${forced}`,
      ]),
    },
    {
      what: "a weak method",
      change: hba(...["trust", "password", "md5"].map((method) => ({ ...right, method }))),
      says: [
        `pgstead:server.hba[0].method: trust lets everybody in as anybody, without a password / write scram-sha-256, ${forced}`,
        `pgstead:server.hba[1].method: password sends the password in clear / write scram-sha-256, ${forced}`,
        `pgstead:server.hba[2].method: md5 can be cracked, and PostgreSQL will drop it / write scram-sha-256, ${forced}`,
      ],
    },
    {
      what: "a method in the wrong place",
      change: hba({ ...right, method: "peer" }, { ...right, method: "cert" }),
      says: [
        "pgstead:server.hba[0].method: peer authentication is only supported on local sockets / write scram-sha-256 or cert",
        "pgstead:server.hba[1].method: cert authentication is only supported on hostssl connections / write hostssl, or another method",
      ],
    },
    {
      what: "options that there are not, that are of another method, or of other values",
      change: hba(
        { ...right, method: "ident", options: { mapp: "a" } },
        { ...right, options: { map: "a" } },
        { ...right, type: "hostssl", options: { clientcert: true } },
        { ...right, options: { clientcert: "verify-full" } },
      ),
      says: [
        'pgstead:server.hba[0].options.mapp: unrecognized authentication option name: "mapp" / known for ident: map',
        'pgstead:server.hba[1].options.map: authentication option "map" is only valid for authentication methods ident, peer, gss, sspi, cert, oauth / remove it, or change the method',
        'pgstead:server.hba[2].options.clientcert: invalid value for clientcert: "1" / write one of verify-ca, verify-full',
        'pgstead:server.hba[3].options.clientcert: clientcert can only be configured for "hostssl" rows / write hostssl, or remove it',
      ],
    },
    {
      what: "a password",
      change: rule({ type: "hostssl", method: "ldap", options: { ldapserver: "h", ldapbindpasswd: "x" } }),
      says: [`pgstead:server.hba[0].options.ldapbindpasswd: ${passwords}`],
    },
    {
      what: "what cannot be told in a preview",
      change: rule({ user: ["/^app", "@file"], database: '"/x"' }),
      says: [
        'pgstead:server.hba[0].database: "\\"/x\\"" is a regular expression: what it matches could not be told in a preview / write the names, or +group for the members of a role',
        'pgstead:server.hba[0].user: "/^app" is a regular expression: what it matches could not be told in a preview / write the names, or +group for the members of a role',
        'pgstead:server.hba[0].user: "@file" reads another file, which nobody would look after / write the names here',
      ],
    },
    {
      what: "words that are no names",
      change: rule({ user: [letters(64), "ALL", "+"], database: ["+group", "a\nb"] }),
      says: [
        'pgstead:server.hba[0].database: "+group" is a group, and databases have none / write samerole, or names',
        'pgstead:server.hba[0].database: "a\\nb" holds a control character / write it without',
        `pgstead:server.hba[0].user: "${letters(64)}" has 64 bytes, and names have at most 63 / shorten it`,
        'pgstead:server.hba[0].user: "ALL" is a name, and not the keyword / write all',
        'pgstead:server.hba[0].user: "+" is no name / remove it, or write a name',
      ],
    },
    {
      what: "the key of a role in place of its name",
      change: {
        ...roles({ app: { login: true } }),
        ...rule({ database: "shop", user: "app,+app,shop_app" }),
      },
      says: [1, 2].map(
        () =>
          "pgstead:server.hba[0].user: app is the key of a role, and pg_hba.conf has the names of the server / did you mean shop_app?",
      ),
    },
    {
      what: "rules after the end",
      change: hba(right, { ...right, user: "all", address: "all", method: "reject" }, right),
      says: [
        "pgstead:server.hba[2]: is never looked at: pgstead:server.hba[1] rejects everybody before it / remove the earlier one: everybody else is rejected at the end in any case",
      ],
    },
    {
      what: "a comment that would write its own rules",
      change: rule({ comment: "a\u0000b" }),
      says: ["pgstead:server.hba[0].comment: holds a control character / write it without"],
    },
  ]);
});

test("rules are read with one word or several, quoted or not, and options of any type", () => {
  const { server: read } = parseConfig(
    {
      ...good,
      ...hba(
        { ...right, comment: "why" },
        {
          type: "local",
          database: 'shop, "all"',
          user: ["+shop_app", "carol"],
          method: "peer",
          options: { map: 1 },
        },
        { ...right, type: "host", address: "10.0.0.0/8", method: "trust", force: true },
        { ...right, type: "hostssl", method: "ldap", options: { ldaptls: true, ldapserver: "h" } },
      ),
    },
    { stack: "dev" },
  );
  const all = { database: ["all"], user: ["postgres"] };
  expect(read.hba).toEqual([
    { ...right, ...all, comment: "why" },
    {
      type: "local",
      database: ["shop", '"all"'],
      user: ["+shop_app", "carol"],
      method: "peer",
      options: { map: "1" },
    },
    { ...right, ...all, address: "10.0.0.0/8", method: "trust", force: true },
    { ...right, ...all, type: "hostssl", method: "ldap", options: { ldaptls: "1", ldapserver: "h" } },
  ]);
});

test("a stack that declares no rules has none", () => {
  expect(parseConfig(good, { stack: "dev" }).server).not.toHaveProperty("hba");
});

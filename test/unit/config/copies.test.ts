import { describe, expect, test } from "vitest";
import { recipientFault } from "../../../components/core/copies/recipients";
import { renderOpsContext } from "../../../components/core/ops-context";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { problemsOf } from "./bad-configuration";

const recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const base = { "pgstead:database": { name: "shop" } };
const docker = {
  ...base,
  "pgstead:target": "docker",
  "pgstead:server": { memory: "1GB", cpus: 1 },
  "pgstead:monitoring": { enabled: false },
};
const bucket = { bucket: "shop-backups", accessKeyId: "AKIA" };
const encryption = { age: [recipient] };
const secrets = { "pgstead:copySecrets": { offsite: { secure: "v1:x" } } };

const copiesOf = (backup: unknown, more: Record<string, unknown> = {}) =>
  parseConfig({ ...base, ...more, "pgstead:backup": backup }, { stack: "prod" }).backup.copies;
const told = (backup: unknown, more: Record<string, unknown> = {}) =>
  problemsOf({ ...base, ...more, "pgstead:backup": backup });

describe("pgstead:backup.copies", () => {
  test("are nowhere unless it says so", () => {
    expect(copiesOf({})).toBeUndefined();
  });

  test("have what a service of another maker needs, and what AWS does", () => {
    const other = { name: "offsite", s3: { ...bucket, endpoint: "https://s3.example.com", prefix: "prod/" } };
    expect(copiesOf({ copies: [other, { path: "/mnt/backups" }], encryption }, secrets)).toEqual({
      copies: [
        {
          name: "offsite",
          s3: {
            ...bucket,
            ...{ endpoint: "https://s3.example.com", prefix: "prod/", region: "us-east-1" },
            ...{ pathStyle: true, checksums: "when_required" },
          },
        },
        { name: "path", path: "/mnt/backups" },
      ],
      recipients: [recipient],
    });
    const [aws] = copiesOf({ copies: [{ name: "offsite", s3: bucket }], encryption }, secrets)?.copies ?? [];
    expect(aws).toMatchObject({ s3: { pathStyle: false, checksums: "when_supported", prefix: "" } });
  });

  test("are told to the ops container without their secrets, by files and mounts of its own", () => {
    const copies = [
      { name: "offsite", s3: bucket },
      { name: "nas", path: "/mnt/backups" },
    ];
    const written = {
      ...docker,
      "pgstead:backup": { copies, encryption },
      "pgstead:copySecrets": '{"offsite":"hush"}',
    };
    const { server } = planStack(parseConfig(written, { stack: "prod" }));
    if (server.target !== "docker") throw new Error("it is another target");
    const context = {
      ...server.args.operations,
      version: "0.0.0",
      project: "shop",
      stack: "prod",
      prefix: "shop",
    };
    const text = renderOpsContext(context);
    expect(text).not.toContain("hush");
    const { copies: told } = JSON.parse(text) as { readonly copies: { readonly copies: readonly object[] } };
    expect(told.copies).toMatchObject([
      { name: "offsite", s3: { secretAccessKeyFile: "/etc/pgstead/ops/copy-offsite.key" } },
      { name: "nas", path: "/mnt/pgstead/nas", shownAs: "/mnt/backups" },
    ]);
  });

  test("in object storage need a word about encryption, and a secret", () => {
    expect(told({ copies: [{ name: "offsite", s3: bucket }] })).toEqual([
      expect.stringContaining("copies[0].s3: leaves this machine, and nothing says whether it is encrypted"),
      expect.stringContaining("copies[0].s3: has no secret access key / write it with"),
    ]);
    expect(
      copiesOf({ copies: [{ name: "offsite", s3: bucket }], encryption: "none" }, secrets)?.recipients,
    ).toEqual([]);
  });

  test("have every mistake told at once", () => {
    const copies = [
      { path: "/srv/backups/more" },
      { path: "relative" },
      {
        name: "Offsite",
        s3: { ...bucket, bucket: "No_Bucket", prefix: "/x", endpoint: "http://s3.example.com" },
      },
      { name: "both", s3: bucket, path: "/mnt" },
      { name: "neither" },
    ];
    expect(told({ directory: "/srv/backups", copies, encryption: "none" }, secrets)).toEqual([
      expect.stringContaining('copies[0].path: "/srv/backups/more" lies with the repository itself'),
      expect.stringContaining('copies[1].path: "relative" is not an absolute path'),
      expect.stringContaining('copies[2].name: "Offsite" is no name of a copy'),
      expect.stringContaining('copies[2].s3.bucket: "No_Bucket" is no name of a bucket'),
      expect.stringContaining('copies[2].s3.prefix: "/x" is no prefix'),
      expect.stringContaining('copies[2].s3.endpoint: "http://s3.example.com" has no TLS'),
      expect.stringContaining("copies[3]: has both s3 and path"),
      expect.stringContaining("copies[4]: goes nowhere"),
      expect.stringContaining('copies[1].name: "path" is the name of another copy as well'),
      expect.stringContaining("copySecrets.offsite: there is no copy of that name / did you mean"),
      expect.stringContaining("copies[2].s3: has no secret access key"),
      expect.stringContaining("copies[3].s3: has no secret access key"),
    ]);
  });

  test("are encrypted to recipients alone, and a secret key is not repeated", () => {
    const key = "AGE-SECRET-KEY-1QQQQQQ";
    const wrong = told({ encryption: { age: [recipient.replace("ql3", "ql4"), key, "ssh-ed25519 AAAA"] } });
    expect(wrong).toEqual([
      expect.stringContaining("encryption.age[0]: "),
      expect.stringContaining("encryption.age[1]: is a secret key"),
      expect.stringContaining('encryption.age[2]: "ssh-ed25519 AAAA" is no recipient of age'),
    ]);
    expect(wrong.join()).not.toContain(key);
    expect(told({ encryption: { age: [] } })).toEqual([expect.stringContaining("age: has no recipient")]);
  });

  test("whose secret stands in the file in clear is refused without repeating it", () => {
    const clear = { "pgstead:copySecrets": { offsite: "hush" } };
    const [problem = ""] = told({ copies: [{ name: "offsite", s3: bucket }], encryption }, clear);
    expect(problem).toContain("copySecrets.offsite: stands in the stack's file in clear");
    expect(problem).not.toContain("hush");
  });
});

describe("a recipient", () => {
  test("is one where age itself takes it, of both kinds, and none with another letter", async () => {
    const age = await import("age-encryption");
    for (const make of [age.generateX25519Identity, age.generateHybridIdentity]) {
      const good = await age.identityToRecipient(await make());
      expect(recipientFault(good)).toBeUndefined();
      for (const at of [8, 20, good.length - 1]) {
        const letter = good[at] === "q" ? "p" : "q";
        const bad = `${good.slice(0, at)}${letter}${good.slice(at + 1)}`;
        expect(() => {
          new age.Encrypter().addRecipient(bad);
        }).toThrow();
        expect(recipientFault(bad)).toBe("damaged");
      }
    }
  });
});

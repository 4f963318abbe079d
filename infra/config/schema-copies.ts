import { z } from "zod";
import { checksumWays } from "../../components/core/copies/plan";
import { choice, flag, map, text } from "./schema-words";

/** Of every place in object storage. */
export const bucketFields = {
  bucket: text("the name of a bucket", {
    description: "The bucket, which has to be there.",
    example: "shop-backups",
  }),
  prefix: text("a path without / at its beginning", {
    description: "What the names of all objects begin with: a stack has one of its own.",
    example: "prod",
  }).default(""),
  endpoint: text("a URL", {
    description:
      "The service, where it is not AWS. Without TLS only on this machine, or for encrypted copies.",
    example: "https://s3.example.com",
    defaultText: "that of AWS in the region",
  }).optional(),
  region: text("a region", { description: "The bucket's region.", example: "eu-central-1" }).default(
    "us-east-1",
  ),
  pathStyle: flag({
    description: "The bucket in the path of an address rather than in the name of its host.",
    example: "true",
    defaultText: "true where there is an endpoint",
  }).optional(),
  accessKeyId: text("an access key's id", {
    description: "Whose secret is in `pgstead:copySecrets`, or in a file.",
    example: "AKIAIOSFODNN7EXAMPLE",
  }),
  ca: text("the path of a file", {
    description:
      "PEM file of the authority that signed the service's certificate, relative to the project: the only one that counts then.",
    example: "certificates/storage-ca.crt",
    defaultText: "those that the system, or Node.js, knows",
  }).optional(),
};

const s3 = map(
  {
    ...bucketFields,
    secretAccessKeyFile: text("an absolute path", {
      description:
        "Targets embedded and existing: a file of this machine with the secret access key, for runs that cannot ask Pulumi.",
      example: "/run/secrets/offsite",
      defaultText: "none: `pgstead:copySecrets` has it",
    }).optional(),
    checksums: choice(checksumWays, {
      description:
        "`when_supported` sends the checksums that S3 has since 2025, which services of other makers may refuse. Each part is signed with its SHA-256 either way.",
      example: "when_required",
      defaultText: "`when_required` where there is an endpoint, else `when_supported`",
    }).optional(),
  },
  {
    description: "Object storage that speaks S3.",
    example: "{ bucket: shop-backups, accessKeyId: AKIAIOSFODNN7EXAMPLE }",
  },
);

const copy = map(
  {
    name: text("lower-case letters, digits and -, 32 at most", {
      description: "What commands, metrics and the state call it. Another name is another copy.",
      example: "offsite",
      defaultText: "`s3`, or `path`",
    }).optional(),
    s3: s3.optional(),
    path: text("an absolute path", {
      description:
        "A directory, which has to be there, such as a mounted one of another machine. In containers one of the engine's host, whose owner is the account 999 of the container.",
      example: "/mnt/backups",
    }).optional(),
  },
  { description: "A place elsewhere.", example: "{ path: /mnt/backups }" },
);

/** `copies` of `pgstead:backup`. */
export const copies = z
  .array(copy)
  .meta({
    allowed: "a list",
    description:
      "Where every backup goes as well, with the same rules for what stays. A place that fails is told, is sent what it lacks by the next run, and keeps no other from its turn.",
    example: "[{ name: nas, path: /mnt/backups }]",
  })
  .default([]);

const recipients = z.array(
  text("a recipient of age", {
    description: "A public key.",
    example: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
  }),
);

/** `encryption` of `pgstead:backup`. */
export const encryption = z
  .union([
    z.literal("none"),
    map(
      {
        age: recipients.meta({
          allowed: "a list of recipients",
          description:
            "Public keys of age, each of which opens the copies. The keys themselves stay elsewhere.",
          example: "[age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]",
        }),
      },
      { description: "Encryption with age.", example: "{ age: [age1…] }" },
    ),
  ])
  .meta({
    allowed: "`none`, or { age: [recipients] }",
    description:
      "How copies are encrypted before they leave. `none` sends them as they are; a copy in object storage needs one of the two.",
    example: "{ age: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p] }",
    defaultText: "`none`, for directories alone",
  })
  .optional();

/** Values in the program, where the engine has decrypted them; `{ secure: … }` in the file. */
export const copySecrets = z
  .unknown()
  .meta({
    allowed: "secrets by the names of copies",
    secret: true,
    description:
      "Secret access keys of copies in object storage, by their names, written by `pulumi config set --secret --path 'pgstead:copySecrets.<name>'` only.",
    example: "{ offsite: { secure: v1:… } }",
    defaultText: "none",
  })
  .optional();

import { z } from "zod";
import { bucketFields } from "./schema-copies";
import { integer, map, text } from "./schema-words";

const schedule = "a schedule in cron's notation";

const second = map(
  {
    s3: map(
      {
        ...bucketFields,
        endpoint: text("a URL", {
          description: "The service, where it is not AWS, with TLS always.",
          example: "https://s3.example.com",
          defaultText: "that of AWS in the region",
        }).optional(),
        accessKeyId: text("an access key's id", {
          description: "Whose secret is `secretAccessKey` of `pgstead:repositorySecrets`.",
          example: "AKIAIOSFODNN7EXAMPLE",
        }),
      },
      {
        description: "Object storage that speaks S3. Another bucket or prefix is another repository.",
        example: "{ bucket: shop-repository, accessKeyId: AKIAIOSFODNN7EXAMPLE }",
      },
    ),
    full: text(schedule, {
      description: "When a full backup is taken into it, in UTC.",
      example: '"0 3 * * 0"',
    }).default("0 3 * * 0"),
    incremental: text(schedule, {
      description: "When it gets what changed since its last backup, in UTC.",
      example: '"0 3 * * 1-6"',
    }).default("0 3 * * 1-6"),
    keepFull: integer(1, 999, {
      description: "Its full backups that stay, each with what was built on it and the log since.",
      example: "8",
    }).default(4),
  },
  {
    description:
      "A second repository in object storage, which the log and backups of its own go to as well, so that every moment can be restored where the server's host is lost. `up` takes its first full backup. It costs neither a reload nor a restart.",
    example: "{ s3: { bucket: shop-repository, accessKeyId: AKIAIOSFODNN7EXAMPLE } }",
    defaultText: "none",
  },
);

/** Values in the program, where the engine has decrypted them; `{ secure: … }` in the file. */
export const repositorySecrets = z
  .unknown()
  .meta({
    allowed: "secretAccessKey, and passphrase",
    secret: true,
    description:
      "Of the second repository: `secretAccessKey` of its access key and, where it is not to be made, its `passphrase`, written by `pulumi config set --secret --path 'pgstead:repositorySecrets.<name>'` only. Another passphrase later is refused.",
    example: "{ secretAccessKey: { secure: v1:… } }",
    defaultText: "none",
  })
  .optional();

/** `physical` of `pgstead:backup`. */
export const physical = map(
  {
    full: text(schedule, {
      description: "When the ops container takes a full backup, in UTC. Older ones go after it succeeded.",
      example: '"0 1 * * 0"',
    }).default("0 1 * * 0"),
    incremental: text(schedule, {
      description: "When it takes what changed since the last backup, in UTC.",
      example: '"0 1 * * 1-6"',
    }).default("0 1 * * 1-6"),
    keepFull: integer(1, 999, {
      description:
        "Full backups that stay, each with what was built on it and the log since: the oldest moment that can be restored is the end of the oldest.",
      example: "4",
    }).default(2),
    archiveTimeout: text("a time such as 60s", {
      description:
        "The longest time that a change waits until its log is sent (`archive_timeout`): what is lost at the most with the server's disk. A change is a reload.",
      example: "60s",
    }).default("60s"),
    second: second.optional(),
  },
  {
    description:
      "Target docker: physical backups with pgBackRest, from which every moment can be restored. The first one is taken by `up`. Turning it on restarts the server once, for `archive_mode`, unless nobody uses it yet.",
    example: "{ keepFull: 4 }",
    defaultText: "none",
  },
);

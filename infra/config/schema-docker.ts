import { z } from "zod";
import { integer, map, mapOf, text } from "./schema-words";

/** Keys of `pgstead:server` that only target docker has. */
export const dockerServer = {
  version: text("17, or 17 and a minor version", {
    description:
      "Target docker: version of PostgreSQL, which is the image's tag. A minor version that is written out has to be the one that Debian has. A change makes a new image and replaces the container, which is a restart; another major version is refused.",
    example: '"17.11"',
    defaultText: '`"17"`: the minor version that Debian has when the image is built',
  }).optional(),
  shmSize: text("a size such as 1GB", {
    description:
      "Target docker: size of /dev/shm, where parallel queries exchange rows. A change replaces the container, which is a restart.",
    example: "1GB",
    defaultText: "a quarter of `memory`, from 64MB to 4GB",
  }).optional(),
  logs: map(
    {
      days: integer(1, 3650, {
        description: "Days that log files are kept.",
        example: "14",
      }).default(14),
      maxSize: text("a size such as 1GB", {
        description: "What all log files may take together. The oldest go first, and the log says so.",
        example: "1GB",
      }).default("1GB"),
    },
    {
      description:
        "Target docker: log files of the server, in JSON (`jsonlog`). They are removed by age or by size, whichever comes first.",
      example: "{ days: 30, maxSize: 5GB }",
    },
  ).optional(),
  certificate: map(
    {
      names: listOfTexts("a name or an address", {
        description:
          "Names and addresses by which clients call the server, beside the published ones, `localhost` and the containers' own.",
        example: "[db.example.com]",
      }).default([]),
      validity: integer(1, 398, {
        description: "Days that a certificate of the server is valid. `up` and the ops container renew it.",
        example: "90",
      }).default(90),
      renewBefore: integer(1, 397, {
        description: "Days before its end from which a certificate is renewed, with a reload and no restart.",
        example: "30",
      }).default(30),
      ca: text("the path of a file", {
        description:
          "PEM file of an authority that you have; its key is `pgstead:caKey`. A relative path is one of the project's directory.",
        example: "certificates/ca.crt",
        defaultText: "none: the program makes one",
      }).optional(),
    },
    {
      description: "Target docker: the server's certificate.",
      example: "{ names: [db.example.com], validity: 90 }",
    },
  ).optional(),
};

export const docker = map(
  {
    name: text("a name of Docker", {
      description:
        "What the names of all containers, volumes and networks begin with. A change would make another server: it is refused while this one is there.",
      example: "shop-prod",
      defaultText: "`pgstead-<stack>`",
    }).optional(),
    host: text("an address of an engine", {
      description:
        "The Docker engine, as `DOCKER_HOST` has it: `unix:///var/run/docker.sock`, `ssh://user@host` (with what `~/.ssh/config` says of that host), `tcp://host:2376`.",
      example: "ssh://deploy@db1.example.com",
      defaultText: "`DOCKER_HOST` of the environment, else the local socket",
    }).optional(),
    certPath: text("the path of a directory", {
      description:
        "Directory of `ca.pem`, `cert.pem` and `key.pem` for an engine over TLS (`DOCKER_CERT_PATH`). A relative path is one of the project's directory.",
      example: "certificates/docker",
      defaultText: "none",
    }).optional(),
    publish: listOfTexts("an address", {
      description:
        "Addresses of the Docker host on which the server's port is published. A change replaces the container, which is a restart.",
      example: "[127.0.0.1, 10.0.0.5]",
    }).default(["127.0.0.1"]),
    address: text("a name or an address", {
      description:
        "Where this machine reaches the published port. Has to be given where the first of `publish` is a loopback address of another host.",
      example: "db1.example.com",
      defaultText: "the first of `publish`",
    }).optional(),
    subnet: text("a network in CIDR notation", {
      description:
        "Network of the containers, with an address for each of them and one for the gateway: /28 at least, and /29 without monitoring. A change replaces them all.",
      example: "172.31.90.0/24",
      defaultText: "one that Docker chooses",
    }).optional(),
    ulimits: mapOf(
      map(
        {
          soft: integer(0, 1_073_741_824, { description: "The limit.", example: "65536" }),
          hard: integer(0, 1_073_741_824, {
            description: "How far it may be raised.",
            example: "65536",
            defaultText: "the same",
          }).optional(),
        },
        { description: "A limit of the kernel.", example: "{ soft: 65536 }" },
      ),
      {
        description:
          "Limits of the server's container by their names in Docker (`nofile`, `nproc`, `memlock` …); the engine has to be allowed to raise them. A change replaces the container.",
        example: "{ nofile: { soft: 65536 } }",
      },
    ).default({}),
    baseImage: text("an image", {
      description: "Image of Debian trixie that all images are built on.",
      example: "registry.example.com/debian:trixie-slim",
      defaultText: "Debian's own, pinned; where no registry can be reached, one that is made by debootstrap",
    }).optional(),
  },
  {
    description: "Target docker: the engine, and what is made on it.",
    example: "{ name: shop-prod }",
  },
);

/** A value in the program, where the engine has decrypted it; `{ secure: … }` in the file. */
export const caKey = z
  .unknown()
  .meta({
    allowed: "a secret",
    secret: true,
    description:
      "Key of the authority in `pgstead:server.certificate.ca`, or `pgstead:server.onHost.certificate.ca`, as PEM, written by `pulumi config set --secret` only.",
    example: "{ secure: v1:… }",
    defaultText: "none: the program makes an authority",
  })
  .optional();

function listOfTexts(allowed: string, words: { readonly description: string; readonly example: string }) {
  const item = text(allowed, { description: "An entry of the list.", example: words.example });
  return item.array().meta({ allowed: "a list", ...words });
}

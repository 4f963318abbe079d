/** The table of "who may import whom", with the packages of each layer. */
export interface Layer {
  readonly name: string;
  /** Files of the layer; the first layer that matches has the file. */
  readonly files: RegExp;
  /** Layers that it may import from, besides itself. */
  readonly layers: readonly string[];
  /** Layers whose types it may name. */
  readonly types?: readonly string[];
  readonly packages: readonly RegExp[];
}

const node = /^node:/;
const pulumi = /^@pulumi\/(?:pulumi|postgresql|docker|command)(?:$|\/)/;
const docker = /^(?:dockerode|tar-stream)$/;
const grpc = /^(?:@grpc\/grpc-js|google-protobuf)(?:$|\/)/;

export const layers: readonly Layer[] = [
  // Pure: they compute with addresses, with names that are nearly the same, with SQL and with schedules.
  {
    name: "core",
    files: /^components\/core\//,
    layers: [],
    packages: [/^ipaddr\.js$/, /^fastest-levenshtein$/, /^libpg-query$/, /^croner$/, /^@scure\/base$/],
  },
  {
    name: "io",
    files: /^components\/io\//,
    layers: ["core"],
    packages: [
      node,
      /^pg$/,
      /^pg-copy-streams$/,
      /^proper-lockfile$/,
      docker,
      /^@peculiar\/x509$/,
      /^reflect-metadata$/,
      /^@aws-sdk\/(?:client-s3|lib-storage)$/,
      /^age-encryption$/,
      /^ssh2$/,
    ],
  },
  {
    name: "provider protocol",
    files: /^components\/providers\/(?:protocol|contract|properties|failure|engine-log)\.ts$/,
    layers: ["core"],
    packages: [pulumi, grpc],
  },
  {
    name: "providers",
    files: /^components\/providers\//,
    layers: ["core", "io", "provider protocol"],
    // Paths are text: joining them reads nothing.
    packages: [pulumi, grpc, /^node:path$/],
  },
  {
    name: "components",
    files: /^components\/[^/]+$/,
    layers: ["core", "providers"],
    packages: [pulumi, /^node:path$/],
  },
  {
    name: "configuration",
    files: /^infra\/(?:config\.ts|plan\.ts|plan-docker\.ts|plan-host\.ts|plan-host-jobs\.ts|config\/)/,
    layers: ["core"],
    // A plan is the arguments of components: it names their types, and loads none of them.
    types: ["components"],
    packages: [/^zod$/],
  },
  // Whether what goes into an image belongs to the sources: the program asks, and the toolchain makes it.
  { name: "ops bundle", files: /^infra\/ops-bundle\.ts$/, layers: ["core"], packages: [node] },
  {
    name: "program",
    files: /^infra\/[^/]+$/,
    layers: ["core", "components", "configuration", "ops bundle"],
    // The program reads the files that its arguments name.
    packages: [pulumi, /^node:fs$/],
  },
  {
    name: "operations",
    files: /^infra\/ops\//,
    layers: ["core", "io", "configuration"],
    packages: [node, /^(?:commander|cli-table3|picocolors|yaml|zod|croner|prom-client|d3-scale|d3-shape)$/],
  },
  {
    name: "toolchain",
    files: /^infra\/toolchain\//,
    layers: ["core", "io", "provider protocol", "configuration", "ops bundle"],
    packages: [
      node,
      /^zod$/,
      /^yaml$/,
      /^semver$/,
      /^proper-lockfile$/,
      /^picocolors$/,
      /^pg$/,
      docker,
      /^esbuild$/,
      // Schemas of reports are made from their types, on a developer's machine.
      /^typescript-json-schema$/,
    ],
  },
  { name: "tests", files: /^test\//, layers: ["*"], packages: [/./] },
];

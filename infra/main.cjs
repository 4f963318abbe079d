"use strict";
// The program as Pulumi starts it (Pulumi.yaml, main): index.ts as one JavaScript file. Through ts-node, which Pulumi
// would use by itself, every run pays half a second for loading the TypeScript compiler.
const { bundle } = require("./toolchain/bundle.cjs");
const { mapFramesOnce } = require("./toolchain/map-frames-once.cjs");
mapFramesOnce();
module.exports = require(bundle("infra/index.ts"));

import { describe, expect, test } from "vitest";
import { containerPlaces, renderBackRest } from "../../../components/core/physical/configuration";
import { renderOpsContext } from "../../../components/core/ops-context";
import { parseConfig } from "../../../infra/config";
import { planDocker } from "../../../infra/plan-docker";
import { problemsOf } from "./bad-configuration";

const docker = {
  "pgstead:database": { name: "shop" },
  "pgstead:target": "docker",
  "pgstead:server": { memory: "1GB", cpus: 1 },
  "pgstead:monitoring": { enabled: false },
};
const s3 = { bucket: "shop-repository", accessKeyId: "AKIA" };
const secrets = { "pgstead:repositorySecrets": { secretAccessKey: { secure: "v1:x" } } };
const written = (second: object, more: object = secrets) => ({
  ...docker,
  ...more,
  "pgstead:backup": { physical: { second } },
});

function planOf(second: object) {
  const config = parseConfig(written(second), { stack: "prod" });
  if (config.docker === undefined) throw new Error("it is on target docker");
  return planDocker(config, config.docker);
}

describe("second of pgstead:backup.physical", () => {
  test("is pgBackRest's second repository, with TLS that is verified and nothing secret in it", () => {
    const endpoint = "https://s3.example.com:9000";
    const { recovery } = planOf({ s3: { ...s3, prefix: "prod", endpoint, ca: "ca.crt" } });
    const plan = { keepFull: 2, processes: 1, second: recovery?.second };
    const lines = renderBackRest(plan, containerPlaces, "postgres").split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "repo2-path=/prod",
        "repo2-s3-endpoint=s3.example.com",
        "repo2-storage-port=9000",
        "repo2-s3-uri-style=path",
        "repo2-storage-ca-file=/etc/pgstead/server/pgbackrest-second-ca.crt",
        "repo2-retention-full=4",
        "repo2-cipher-type=aes-256-cbc",
        "[global:archive-push]",
        "archive-async=y",
      ]),
    );
    expect(lines.join()).not.toMatch(/verify-tls|key-secret|AKIA|queue-max/);
  });

  test("has the host's name in its address on AWS, unless it says otherwise", () => {
    const { recovery } = planOf({ s3: { ...s3, region: "eu-central-1" } });
    const text = renderBackRest(
      { keepFull: 2, processes: 1, second: recovery?.second },
      containerPlaces,
      "p",
    );
    expect(text).toContain("repo2-s3-endpoint=s3.eu-central-1.amazonaws.com\n");
    expect(text).toContain("repo2-s3-uri-style=host\n");
  });

  test("has jobs of its own, after those of the first", () => {
    const { operations } = planOf({ s3 });
    const where = { project: "p", stack: "prod", prefix: "x", version: "1" };
    const context = JSON.parse(renderOpsContext({ ...operations, ...where })) as Record<string, unknown>;
    expect(context).toMatchObject({
      schedules: { "physical-full-2": "0 3 * * 0", "physical-incremental-2": "0 3 * * 1-6" },
      physical: { second: "s3://shop-repository/" },
    });
  });

  test("is refused with everything that is wrong with it", () => {
    const bad = {
      s3: { ...s3, bucket: "Shop", endpoint: "http://s3" },
      full: "0 1 * * *",
      incremental: "0 1 * * *",
    };
    const found = problemsOf(written(bad, {})).join("\n");
    expect(found).toMatch(/second\.incremental: is the same schedule/);
    expect(found).toMatch(/second\.s3\.bucket: "Shop" is no name of a bucket/);
    expect(found).toMatch(/second\.s3\.endpoint: "http:\/\/s3" has no TLS/);
    expect(found).toMatch(/second\.s3: has no secret access key .*repositorySecrets\.secretAccessKey/);
  });

  test("has secrets that are encrypted, known and needed", () => {
    const clear = { "pgstead:repositorySecrets": { secretAccessKey: "in clear", word: { secure: "v1:x" } } };
    const found = problemsOf(written({ s3 }, clear)).join("\n");
    expect(found).toMatch(/repositorySecrets\.secretAccessKey: stands in the stack's file in clear/);
    expect(found).toMatch(/repositorySecrets\.word: is not known/);
    expect(found).not.toContain("in clear and");
    expect(problemsOf({ ...docker, ...secrets }).join()).toContain("none is declared");
  });
});

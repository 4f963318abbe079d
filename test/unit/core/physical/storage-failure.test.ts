import { describe, expect, test } from "vitest";
import { backRestFailure } from "../../../../components/core/physical/failure";
import { parseInfo, RepositoryUnreachableError } from "../../../../components/core/physical/repository";
import { storageFailure } from "../../../../components/core/physical/storage-failure";

/** As pgBackRest 2.55.1 printed it. */
function answer(status: string, body: string): string {
  return (
    `HTTP request failed with ${status}:\n*** Path/Query ***:\nGET /shop/prod/backup.info\n` +
    `*** Request Headers ***:\nauthorization: <redacted>\n*** Response Content ***:\n${body}`
  );
}

const error = (code: string): string => `<Error><Code>${code}</Code><Message>said</Message></Error>`;

describe("what is said of a service of object storage", () => {
  test.each([
    [
      "403 (Forbidden)",
      error("SignatureDoesNotMatch"),
      "the credentials are refused (SignatureDoesNotMatch: said)",
    ],
    ["403 (Forbidden)", "", "the credentials are refused (403 (Forbidden))"],
    ["403 (Forbidden)", error("AccessDenied"), "the access key may not do this (AccessDenied: said)"],
    ["404 (Not Found)", error("NoSuchBucket"), "there is no such bucket (NoSuchBucket: said)"],
    ["503 (Slow Down)", error("SlowDown"), "the service answered 503 (Slow Down): SlowDown: said"],
  ])("%s %s: %s", (status, body, message) => {
    expect(storageFailure(answer(status, body))?.message).toBe(message);
  });

  test("is one line where nothing answers, and never the request", () => {
    const text =
      "[HostConnectError] unable to get address for 'storage': [-2] Name or service not known\n" +
      "    [HostConnectError] on 2 retries from 10104-15205ms: unable to get address for 'storage'";
    expect(storageFailure(text)?.message).toBe(
      "the service does not answer: unable to get address for 'storage': [-2] Name or service not known",
    );
    expect(JSON.stringify(storageFailure(answer("500 (x)", "")))).not.toContain("authorization");
  });

  test("names the certificate, and not the encryption, whatever the exit code is", () => {
    const stderr =
      "ERROR: [095]: unable to verify certificate presented by 'storage:9000': [20] unable to get local issuer certificate";
    const [problem] = backRestFailure("the check", { exitCode: 95, stderr }).problems;
    expect(problem?.message).toContain(
      "the second repository: the certificate of the service is not trusted",
    );
    expect(problem?.hint).toContain("`ca`");
  });

  test("is nothing of other texts", () => {
    expect(storageFailure("unable to find backup set with stop time less than '2020'")).toBeUndefined();
  });

  test("makes a repository one that cannot be reached, and one that cannot be read is told apart", () => {
    const info = (message: string): string =>
      JSON.stringify([
        { repo: [{ key: 2, status: { code: 99, message } }], status: { code: 99, message: "other" } },
      ]);
    expect(() => parseInfo(info(answer("404 (Not Found)", error("NoSuchBucket"))), 2)).toThrow(
      RepositoryUnreachableError,
    );
    const damaged = info("[CryptoError] cipher header invalid");
    expect(() => parseInfo(damaged, 2)).toThrow(/second repository[^]*cannot be read[^]*passphrase/);
    expect(() => parseInfo(damaged, 2)).not.toThrow(RepositoryUnreachableError);
  });
});

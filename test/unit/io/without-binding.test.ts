import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { withoutBinding } from "../../../components/io/ssh/without-binding";

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const request = (names: string) => message("R", Buffer.from(`\0\0\0\n${names}\0`, "latin1"));
const through = (...parts: Buffer[]) => buffer(Readable.from(parts).pipe(withoutBinding()));
const later = message("R", Buffer.from("\0\0\0\nSCRAM-SHA-256-PLUS\0\0", "latin1"));

test("the offer to bind a login to TLS is taken out of the first message, however it arrives", async () => {
  const offer = request("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0");
  const expected = Buffer.concat([request("SCRAM-SHA-256\0"), later]);
  expect(await through(offer, later)).toEqual(expected);
  expect(await through(Buffer.concat([offer, later]))).toEqual(expected);
  expect(await through(...[...offer, ...later].map((byte) => Buffer.from([byte])))).toEqual(expected);
});

test("everything else passes as it is", async () => {
  for (const text of [
    "E\0\0\0\u0006no",
    "R\0\0\0\u0008\0\0\0\0Z",
    "R\0\0\0\u000c\0\0\0\u0005salt",
    "N",
    "",
  ]) {
    const bytes = Buffer.from(text, "latin1");
    expect(await through(bytes)).toEqual(bytes);
  }
});

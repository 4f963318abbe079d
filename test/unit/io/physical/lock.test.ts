import { expect, test } from "vitest";
import { backRest, type RunThere } from "../../../../components/io/physical/pgbackrest";

const locked = {
  exitCode: 50,
  stdout: "",
  stderr:
    "ERROR: [050]: unable to acquire lock on file '/var/lib/pgbackrest/lock': Resource temporarily unavailable\n",
};
const good = { exitCode: 0, stdout: "", stderr: "" };

/** Answers in turn; the last one again and again. */
function answering(...answers: readonly (typeof good)[]): {
  readonly run: RunThere;
  readonly asked: string[];
} {
  const asked: string[] = [];
  const run: RunThere = (command) => {
    asked.push(command.at(-1) ?? "");
    return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? good);
  };
  return { run, asked };
}

test("the repository is prepared as soon as what sends the log has left its lock", async () => {
  const { run, asked } = answering(locked, locked, good);
  await backRest(run, "/etc/pgbackrest").prepare();
  expect(asked).toEqual(["stanza-create", "stanza-create", "stanza-create"]);
});

test("another failure is told at once, and so is the lock of whoever has it for long", async () => {
  const broken = answering({ ...locked, exitCode: 28 });
  await expect(backRest(broken.run, "/etc/pgbackrest").prepare()).rejects.toThrow(
    "is the repository that of",
  );
  expect(broken.asked).toHaveLength(1);
  const busy = answering(locked);
  const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };
  await expect(backRest(busy.run, "/etc/pgbackrest").expire(waiting)).rejects.toThrow("another run has");
  expect(busy.asked).toHaveLength(1);
});

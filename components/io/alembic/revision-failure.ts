import type { RevisionStep } from "../../core/migrations/alembic/revision-step";
import { failureHints, MigrationFailure } from "../migrations/statement-failure";
import type { ApplicationError } from "./bridge-failure";

/** A revision that failed, with the server's code, which Alembic's own process has told. */
class RevisionFailure extends MigrationFailure {
  override readonly code: string | undefined;

  constructor(code: string | undefined, ...rest: ConstructorParameters<typeof MigrationFailure>) {
    super(...rest);
    this.code = code;
  }
}

/** What went wrong in a step: for its user in full, for the trail without what quotes rows. */
export function revisionFailure({ migration }: RevisionStep, error: ApplicationError): RevisionFailure {
  const { described, problems } = error;
  const [problem] = problems;
  const { code = null, line = null, type = "its Python ended" } = described ?? {};
  const stays = migration.transactional
    ? "all of it is rolled back"
    : "what ran outside of its transaction stays: look at it first";
  const message = `${problem?.message ?? ""}; ${stays}`;
  const known = code === null ? undefined : failureHints[code];
  const hint = [known, problem?.hint].filter((one) => one !== undefined && one !== "").join("; ");
  const note = [code ?? type, ...(line === null ? [] : [`line ${line}`])].join(", ");
  return new RevisionFailure(
    code ?? undefined,
    {
      path: problem?.path ?? migration.path,
      message,
      hint: hint || "mend the revision, or the rows that it meets, and run this again",
    },
    note,
    { cause: error },
  );
}

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { conventionFiles, type ConventionSet } from "../../../components/core/conventions/files";
import { repeatablePlace, type MigrationPlace } from "../../../components/io/migration-files";
import { createFile } from "../../../components/io/replace-file";

/** A file of the conventions. */
export interface WrittenConvention {
  /** As seen from where the command runs. */
  readonly path: string;
  /** False where one was there, which stays as it is. */
  readonly written: boolean;
}

/** Writes the files of some sets beside the migrations. */
export async function writeConventions(
  migrations: MigrationPlace,
  sets: readonly ConventionSet[],
  schema: string,
): Promise<WrittenConvention[]> {
  const files = sets.flatMap((set) => conventionFiles(set, schema));
  return Promise.all(
    files.map(async ({ directory: kind, name, text }) => {
      const { directory, shown } = repeatablePlace(migrations, kind);
      await mkdir(directory, { recursive: true });
      return { path: join(shown, name), written: await createFile(join(directory, name), text, 0o644) };
    }),
  );
}

import { openBucket } from "./bucket";
import { usualPatience, type DeclaredCopy, type Destination, type Patience } from "./destination";
import { openDirectory } from "./directory";

/** The destination of a declared copy. It is closed by whoever opened it. @throws ProblemError */
export async function openDestination(
  { plan, secretAccessKey }: DeclaredCopy,
  patience: Patience = usualPatience,
): Promise<Destination> {
  return "path" in plan ? openDirectory(plan) : openBucket(plan, await secretAccessKey(), patience);
}

/** Uses a destination and closes it. */
export async function withDestination<Result>(
  copy: DeclaredCopy,
  use: (destination: Destination) => Promise<Result>,
  patience?: Patience,
): Promise<Result> {
  const destination = await openDestination(copy, patience);
  try {
    return await use(destination);
  } finally {
    destination.close();
  }
}

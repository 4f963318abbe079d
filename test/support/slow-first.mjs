import { BaseSequencer } from "vitest/node";

/**
 * Files that take longest, the longest first: one that begins last runs alone at the end, while the other cores wait.
 * Vitest knows their times from the run before, which a fresh checkout has not.
 */
const slow = [
  "docker/point-in-time",
  "docker/second-repository",
  "docker/prod-stack",
  "docker/physical-stack",
  "docker/restore",
  "docker/drill",
  "docker/scratch-alembic",
  "docker/move",
  "e2e/drift",
  "e2e/dev-stack",
  "integration/ops-migrate-gate",
  "integration/ops-alembic",
  "integration/own-hba-crash",
  "integration/ops-drill-copy",
  "integration/ops-migrate",
  "integration/ops-drift",
  "integration/alembic-runs",
  "integration/ops-migrate-test",
  "integration/own-embedded-safety",
  "integration/ops-backup",
].map((name) => `/test/${name}.test.ts`);

/** Has the slow files begin first, and leaves the others in Vitest's own order. */
export class SlowFirst extends BaseSequencer {
  async sort(files) {
    const rank = ({ moduleId }) => {
      const index = slow.findIndex((name) => moduleId.endsWith(name));
      return index === -1 ? slow.length : index;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

import { join } from "node:path";
import type { DrillAssertion } from "../../../components/core/drill/plan";
import type { OpsContext } from "../../../components/core/ops-context";
import type { ProgramSearch } from "../../../components/io/drill/programs";
import type { PitrBackend } from "../../../components/io/physical/backend";
import { backRest } from "../../../components/io/physical/pgbackrest";
import { runHere } from "../../../components/io/physical/run-here";
import { drillDirectory, fetchDirectory } from "../../../components/io/places";
import type { StackConfig } from "../../config";

/** What drills of a stack are done with: the same for the command line and for the ops container. */
export interface DrillSetup {
  /** When they are done, in cron's notation; undefined: nobody said. */
  readonly schedule: string | undefined;
  readonly assertions: readonly DrillAssertion[];
  /** Where is restored to; everything in it is thrown away. */
  readonly home: string;
  readonly search: ProgramSearch;
  /** Of copies. */
  readonly copies: {
    /** Seconds that the last drill of one may be ago; undefined: no drills are declared. */
    readonly maxAge: number | undefined;
    /** Where backups are brought to; everything in it but reports is thrown away. */
    readonly fetched: string;
    /** Where they are restored to, as `home`. */
    readonly home: string;
  };
  /** Absent: none are declared, or they are not here. */
  readonly physical?: {
    readonly backend: PitrBackend;
    /** Of the second repository; absent: there is none. */
    readonly second?: PitrBackend;
    /** Superuser of the server. */
    readonly administrator: string;
  };
}

/** Of a stack whose server is no container. */
export function localDrills({ backup, target }: StackConfig, repository: string): DrillSetup {
  const { schedule, assertions = [] } = backup.drill ?? {};
  const search = { embeddedFirst: target === "embedded" };
  const fetched = fetchDirectory(repository);
  // Another one than that of the repository's own drills: nobody's lock keeps the two apart.
  const copies = { maxAge: backup.drill?.copyMaxAge, fetched, home: drillDirectory(fetched) };
  return { schedule, assertions, home: drillDirectory(repository), search, copies };
}

/** Of a stack's ops container, or of the host that runs its jobs: where there is room is in the context. */
export function containerDrills({ drill, schedules, files, physical, service }: OpsContext): DrillSetup {
  const { administrator } = service;
  return {
    schedule: drill === undefined ? undefined : schedules.drill,
    assertions: drill?.assertions ?? [],
    home: join(files.work, "drill"),
    search: { embeddedFirst: false },
    copies: {
      maxAge: drill?.copyMaxAge,
      fetched: join(files.work, "fetched"),
      home: join(files.work, "fetched", "drill"),
    },
    ...(physical === undefined
      ? {}
      : {
          physical: {
            backend: backRest(runHere, physical.configuration),
            administrator,
            ...(physical.second === undefined
              ? {}
              : { second: backRest(runHere, physical.configuration, 2) }),
          },
        }),
  };
}

import * as pulumi from "@pulumi/pulumi";
import { accessConnection, accessDeletedWith, takenOver, type Connection } from "./connection";
import { resolveSettings } from "./core/desired/settings";
import type { SettingValue } from "./core/server/role-settings";
import type { Refusal } from "./core/statement";
import type { TunedSetting } from "./core/tuning/machine";
import { Settings } from "./providers/resources";

export interface TuningArgs {
  readonly connection: Connection;

  /**
   * Settings of the user's own, by their names in PostgreSQL, with values as they are written there: `work_mem: "64MB"`,
   * `shared_preload_libraries: ["pg_stat_statements", "auto_explain"]`. They win over formulas. What a change costs is the
   * setting's context (`pg_settings.context`): a reload for most, a restart for `postmaster`.
   *
   * @default - none
   */
  readonly settings?: Readonly<Record<string, SettingValue>>;

  /**
   * Settings that formulas give for the machine and its work (`resolveTuning`), with their reasons. What the server's
   * version or build does not know is left out.
   *
   * @default - none: what nobody declares stays PostgreSQL's own
   */
  readonly tuned?: readonly TunedSetting[];

  /**
   * Whether `up` may restart the server where a setting takes no less, which ends all sessions. A server that nobody uses
   * yet (no database, no table) is restarted in any case.
   *
   * @default - refuse: the preview names the settings
   */
  readonly restart?: "allow" | "refuse";

  /**
   * Names of settings that another component keeps, such as `PointInTimeRecovery`: they are left alone, and not told.
   *
   * @default - none
   */
  readonly keptBeside?: readonly string[];

  /**
   * Files of the server's host that settings name and that another component puts there before, so that a preview does not
   * miss them.
   *
   * @default - none
   */
  readonly broughtFiles?: readonly string[];

  /** What has to be there first: files that settings name. They go after the settings. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * Keeps the settings of a server as declared (`ALTER SYSTEM`, so postgresql.auto.conf), and shows in every preview what
 * differs. What somebody else put there by ALTER SYSTEM is taken out again. A server that does not start with the new
 * settings gets the ones before back, and the run fails with what it said.
 *
 * Settings stay when the component goes; on a server that was there before the stack, postgresql.auto.conf becomes what it
 * was then.
 *
 * @example
 * const machine = { memory: 16 * 1024 * 1024, cpus: 4, disk: "ssd", workload: "oltp" } as const;
 * const { settings: tuned } = resolveTuning(machine, { own: {}, ownNames: new Set(), libraries: [], logFiles: false });
 * new Tuning("server", { connection, tuned, settings: { statement_timeout: "30s" }, restart: "allow" });
 */
export class Tuning extends pulumi.ComponentResource {
  /** Absent where the managing login may not set anything. */
  readonly resource?: Settings;
  /** What the plan refuses: input of `Guard`. */
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: TuningArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:Tuning", name, {}, opts);

    if (args.connection.capabilities.isSuperuser) {
      this.resource = createSettings(name, args, this);
      this.refusals = this.resource.refusals;
    } else {
      this.refusals = pulumi.output(args.connection.capabilities.isManaged === true ? [] : [cannotSet]);
    }
    this.registerOutputs({});
  }
}

const cannotSet: Refusal = {
  subject: "settings of the server",
  message: "settings are declared, and the managing login may not ALTER SYSTEM: it is no superuser",
  hint: "write pgstead:server.managed: true, and set what `npm run ops -- provider-settings` lists where the provider has it; or remove pgstead:server.settings and memory",
};

function createSettings(name: string, args: TuningArgs, parent: pulumi.Resource): Settings {
  const { connection, restart = "refuse", keptBeside = [], broughtFiles = [], dependsOn = [] } = args;
  return new Settings(
    name,
    {
      connection: accessConnection(connection),
      ...resolveSettings(args),
      restart,
      ...(keptBeside.length === 0 ? {} : { keptBeside }),
      ...takenOver(connection, "postgresql.auto.conf"),
      ...(connection.control === undefined ? {} : { control: connection.control }),
      ...(broughtFiles.length === 0 ? {} : { broughtFiles }),
    },
    { parent, ...accessDeletedWith(connection), dependsOn: [...dependsOn] },
  );
}

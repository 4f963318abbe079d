import type { Options as BarOptions } from "@grafana/grafana-foundation-sdk/bargauge";
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";
import type { Options as StatOptions } from "@grafana/grafana-foundation-sdk/stat";
import type {
  FieldConfig as TableFieldConfig,
  Options as TableOptions,
} from "@grafana/grafana-foundation-sdk/table";
import type {
  FieldConfig as LineFieldConfig,
  Options as LineOptions,
} from "@grafana/grafana-foundation-sdk/timeseries";

/** Grafana's own types of what a dashboard is made of: a schema is made from them, and judges ours. */
export interface GrafanaModel {
  // Of its newest model Grafana before 13 knows nothing.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  readonly dashboard: Dashboard;
  readonly query: Omit<Dataquery, "_implementsDataqueryVariant">;
  readonly options: {
    readonly bargauge: BarOptions;
    readonly stat: StatOptions;
    readonly table: TableOptions;
    readonly timeseries: LineOptions;
  };
  readonly custom: { readonly table: TableFieldConfig; readonly timeseries: LineFieldConfig };
}

type PanelThresholds = NonNullable<import("./panel").Panel["thresholds"]>;

/** Yellow from a value on, and never red: its alert is a warning. */
export function warnFrom(warning: number): PanelThresholds {
  return { warning, critical: Number.POSITIVE_INFINITY };
}

/** Red from a value on. */
export function failFrom(critical: number): PanelThresholds {
  return { warning: critical, critical };
}

/** Red below a value. */
export function failBelow(critical: number): PanelThresholds {
  return { warning: critical, critical, below: true };
}

import { alerting } from "./schema-alerts";
import { thresholds } from "./schema-thresholds";
import { flag, integer, map } from "./schema-words";

export const monitoring = map(
  {
    enabled: flag({
      description:
        "Target docker: exporter, Prometheus and Alertmanager as containers of the stack. False takes them away, and the samples of Prometheus with them.",
      example: "false",
    }).default(true),
    prometheusPort: port("Target docker: port of Prometheus on 127.0.0.1 of the Docker host.", "9090"),
    alertmanagerPort: port("Target docker: port of Alertmanager on 127.0.0.1 of the Docker host.", "9093"),
    retention: integer(1, 3650, {
      description: "Target docker: days that Prometheus keeps its samples.",
      example: "15",
    }).default(15),
    thresholds,
    ...alerting,
  },
  {
    description:
      "From where on something is told, and on target docker the containers that watch. The exporter logs in as the role of profile `monitor`, which has to be declared.",
    example: "{ prometheusPort: 9090 }",
  },
);

function port(description: string, example: string) {
  return integer(1024, 65_535, {
    description,
    example,
    defaultText: "none: it is reached by the stack's other containers only",
  }).optional();
}

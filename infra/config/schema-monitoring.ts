import { alerting } from "./schema-alerts";
import { thresholds } from "./schema-thresholds";
import { flag, integer, map, text } from "./schema-words";

export const monitoring = map(
  {
    enabled: flag({
      description:
        "Target docker: exporter, Prometheus and Alertmanager as containers of the stack. False takes them away, and the samples of Prometheus with them.",
      example: "false",
    }).default(true),
    prometheusPort: port("Target docker: port of Prometheus on 127.0.0.1 of the Docker host.", "9090"),
    alertmanagerPort: port("Target docker: port of Alertmanager on 127.0.0.1 of the Docker host.", "9093"),
    healthPort: port(
      "Target docker: port of the ops container on 127.0.0.1 of the Docker host: `/health` for a load balancer, and `/metrics`. A change replaces that container.",
      "9188",
    ),
    retention: integer(1, 3650, {
      description: "Target docker: days that Prometheus keeps its samples.",
      example: "15",
    }).default(15),
    samples: flag({
      description:
        "Keep samples of statements and sizes in schema `pgstead` of each database, for `slow-queries --since` and `capacity`: one every ten minutes by the ops container, elsewhere by `npm run ops -- sample` in a timetable of yours. Some megabytes a database. False leaves the tables where they are.",
      example: "true",
      defaultText: "true on target docker, whose ops container takes them, else false",
    }).optional(),
    grafana: map(
      {
        enabled: flag({
          description:
            "True makes the container. Its image is not Debian's: the engine has it, or a registry that it reaches. False takes it away, and what people keep in it.",
          example: "true",
        }).default(false),
        port: integer(1024, 65_535, {
          description: "Port of Grafana on 127.0.0.1 of the Docker host. A change replaces the container.",
          example: "3000",
        }).default(3000),
        image: text("an image", {
          description:
            "Image of Grafana, 11 or newer, with bash: that of Alpine or Ubuntu, of a registry of yours as well. A change replaces the container.",
          example: "registry.example.com/grafana/grafana:12.4.4",
        }).default("grafana/grafana:12.4.4"),
      },
      {
        description: "Target docker: Grafana with the dashboards of the stack, as a container.",
        example: "{ enabled: true }",
      },
    ).prefault({}),
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

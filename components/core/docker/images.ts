/** Resources of the stack's images in Pulumi, by the endings of the names of the containers that are made from them. */
const images: Readonly<Record<string, string>> = {
  server: "postgres-image",
  ops: "ops-image",
  exporter: "monitoring-image",
  prometheus: "monitoring-image",
  alertmanager: "monitoring-image",
};

/**
 * How an image that somebody removed from the engine is built again. Pulumi's docker plugin never looks whether an image
 * that is in the state is there, neither in a refresh nor in `up`.
 *
 * @param container name of the container that is made from it; undefined: not known
 */
export function rebuildHint(container: string | undefined): string {
  const resource = images[container?.split("-").at(-1) ?? ""];
  if (resource === undefined) {
    return "it was removed since it was built: `npm run pulumi -- up --replace '**::<its Image>'` builds it again; an image of others has to be loaded or pulled first.";
  }
  return `it was removed since it was built: \`npm run pulumi -- up --replace '**::${resource}'\` builds it again, and makes from it what needs it.`;
}

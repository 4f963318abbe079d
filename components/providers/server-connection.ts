import type { ConnectionTarget } from "../core/connection";
import {
  hasUnknown,
  isUnknown,
  revealMap,
  unknown,
  type PropertyMap,
  type PropertyValue,
} from "./properties";

/** A way to the server, and the server that is expected there. */
export interface ServerConnection extends ConnectionTarget {
  readonly systemIdentifier?: string;
}

/** The ways to the server that a resource's inputs tell, and whether this run is to make the server. */
export function readConnections(
  inputs: PropertyMap,
  oldInputs: PropertyMap | undefined,
): { readonly connections: readonly ServerConnection[]; readonly isServerNew: boolean } {
  const connections = [inputs.connection, oldInputs?.connection].flatMap(
    (value) => readConnection(value) ?? [],
  );
  const { systemIdentifier } = revealMap((inputs.connection ?? {}) as PropertyMap);
  return { connections: withoutTwin(connections), isServerNew: isUnknown(systemIdentifier) };
}

/** The connection, unless a part of it that is needed to get there is not known yet. */
function readConnection(value: PropertyValue | undefined): ServerConnection | undefined {
  if (value === undefined || value === null || isUnknown(value)) return undefined;
  const map = revealMap(value as PropertyMap);
  const { systemIdentifier, ...target } = map;
  if (hasUnknown(target)) return undefined;
  const known = systemIdentifier !== unknown && systemIdentifier !== undefined && systemIdentifier !== "";
  return { ...target, ...(known ? { systemIdentifier } : {}) } as unknown as ServerConnection;
}

function withoutTwin(connections: readonly ServerConnection[]): ServerConnection[] {
  const seen = new Set<string>();
  return connections.filter((connection) => {
    const key = JSON.stringify(connection);
    return seen.has(key) ? false : seen.add(key);
  });
}

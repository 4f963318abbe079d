import type { ResourceType } from "./contract";

/** A resource type whose module is loaded when the first resource of it is looked at: most stacks have none. */
export function lazyResource(load: () => Promise<ResourceType>): ResourceType {
  return {
    check: async (request) => (await load()).check(request),
    diff: async (request) => (await load()).diff(request),
    create: async (request) => (await load()).create(request),
    read: async (request) => (await load()).read(request),
    update: async (request) => (await load()).update(request),
    delete: async (request) => (await load()).delete(request),
  };
}

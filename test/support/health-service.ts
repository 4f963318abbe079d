import { eventually } from "./eventually";

/** What the health service answered. */
export interface HealthReply {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  readonly ms: number;
}

/** `/health/details`, as far as tests look at it. */
export interface HealthDetails {
  readonly status: string;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly probe: { readonly reachable: boolean; readonly readable: boolean; readonly writable: boolean };
  readonly checks: readonly { readonly name: string; readonly status: string }[] | null;
}

export const withToken = (value: string): RequestInit => ({ headers: { authorization: `Bearer ${value}` } });

/** Asks an ops container's health service on this machine. */
export function healthService(port: () => number, token: string) {
  async function ask(path: string, init: RequestInit = {}): Promise<HealthReply> {
    const since = performance.now();
    const response = await fetch(`http://127.0.0.1:${port()}${path}`, init);
    const text = await response.text();
    const { status, headers } = response;
    return { status, text, headers, ms: performance.now() - since };
  }
  return {
    ask,
    details: async (): Promise<HealthDetails> =>
      JSON.parse((await ask("/health/details", withToken(token))).text) as HealthDetails,
    become: (path: string, status: number): Promise<HealthReply> =>
      eventually(`${path} answers ${status}`, async () => {
        const reply = await ask(path).catch(() => undefined); // between two contexts nobody listens
        return reply?.status === status ? reply : undefined;
      }),
  };
}

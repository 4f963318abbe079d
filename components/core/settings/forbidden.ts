import { quoteIdentifier } from "../identifier";
import { shown, type Refusal, type Statement } from "../statement";
import type { ActualSetting } from "./catalog";
import type { LimitedLogin, Scene } from "./scene";

/** From 17 on the server's own files may forbid ALTER SYSTEM, to superusers as well: then others keep its settings. */
export function refuseForbidden(
  live: ReadonlyMap<string, ActualSetting>,
  changes: readonly Statement[],
): Refusal[] {
  const [first] = changes;
  if (first === undefined || live.get("allow_alter_system")?.setting !== "off") return [];
  const rest = changes.length === 1 ? "" : ` and ${changes.length - 1} more`;
  return [
    {
      subject: "settings of the server",
      message: `they are not as declared, and allow_alter_system is off: ${shown(first)}${rest}`,
      hint: "set them where the server's configuration is kept (an operator, a tool that writes postgresql.conf), or set allow_alter_system to on there",
    },
  ];
}

/**
 * What a managing login without superuser may not do of it: all settings that it was not granted, by name. Where the service
 * sets those, the server's own resource tells them.
 *
 * @param plan.reload whether the plan has the server read its files
 */
export function refuseBeyond(
  { catalog: { rights }, beyond }: Pick<Scene, "catalog" | "beyond">,
  limited: LimitedLogin | undefined,
  { reload }: { readonly reload: boolean },
): Refusal[] {
  if (limited === undefined || rights === undefined) return [];
  const login = quoteIdentifier(rights.login);
  const unset: Refusal = {
    subject: "settings of the server",
    message: `settings are declared that ${rights.login} may not ALTER SYSTEM, as it is no superuser: ${beyond.join(", ")}`,
    hint: "write pgstead:server.managed: true, and set what `npm run ops -- provider-settings` lists where the provider has it; or have them granted (GRANT ALTER SYSTEM ON PARAMETER … TO, 15 and newer); or remove them from pgstead:server",
  };
  const unread: Refusal = {
    subject: "settings of the server",
    message: `${rights.login} may write some of them and not have the server read them (pg_reload_conf)`,
    hint: `let a superuser run GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO ${login}`,
  };
  return [
    ...(beyond.length > 0 && !limited.isManaged ? [unset] : []),
    ...(reload && !rights.reload ? [unread] : []),
  ];
}

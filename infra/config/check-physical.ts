import { parseTime } from "../../components/core/duration";
import type { Problem } from "../../components/core/problem";
import { checkPlace, noService, parseEndpoint } from "./check-copies";
import { at } from "./check-server";
import type { Fault } from "./names";
import { scheduleFault } from "./schedule-fault";
import type { WrittenConfig } from "./schema";
import { checkClear, secretNames } from "./secret-map";
import { renderValue } from "./shape";

const place = ["backup", "physical"] as const;

/** What the types alone cannot tell about physical backups. */
export function checkPhysical({ backup, repositorySecrets }: WrittenConfig): Problem[] {
  const { physical } = backup;
  const second = physical?.second;
  return [
    ...(physical === undefined
      ? []
      : [
          ...checkSchedules(physical, place),
          ...at([...place, "archiveTimeout"], timeoutFault(physical.archiveTimeout)),
        ]),
    ...(second === undefined ? [] : checkSecond(second)),
    ...checkSecrets(repositorySecrets, second !== undefined),
  ];
}

function checkSchedules(
  { full, incremental }: { readonly full: string; readonly incremental: string },
  where: readonly string[],
): Problem[] {
  const isTwice = full.trim() === incremental.trim();
  return [
    ...at([...where, "full"], scheduleFault(full, "0 1 * * 0")),
    ...at(
      [...where, "incremental"],
      scheduleFault(incremental, "0 1 * * 1-6") ?? (isTwice ? twice : undefined),
    ),
  ];
}

type WrittenSecond = NonNullable<NonNullable<WrittenConfig["backup"]["physical"]>["second"]>;

function checkSecond(second: WrittenSecond): Problem[] {
  const where = [...place, "second"];
  const { endpoint } = second.s3;
  return [
    ...checkSchedules(second, where),
    ...checkPlace(second.s3, [...where, "s3"]),
    ...at([...where, "s3", "endpoint"], endpoint === undefined ? undefined : endpointFault(endpoint)),
  ];
}

/** Its programs speak TLS alone, and take a host and a port. */
function endpointFault(endpoint: string): Fault | undefined {
  const url = parseEndpoint(endpoint);
  if (url === undefined) return noService(endpoint);
  if (url.protocol !== "https:") {
    const hint = "write https://; `ca` names the authority of a certificate of your own";
    return { message: `${renderValue(endpoint)} has no TLS`, hint };
  }
  if (url.pathname === "/") return undefined;
  const hint = "write the host, and a port where it is not 443; `prefix` is what comes below the bucket";
  return { message: `${renderValue(endpoint)} has a path`, hint };
}

const secretKeys = ["secretAccessKey", "passphrase"] as const;

/** Secrets are not looked at, but for which there are. */
function checkSecrets(written: unknown, isDeclared: boolean): Problem[] {
  const where = ["repositorySecrets"];
  const hint =
    "write each with `npm run pulumi -- config set --secret --path 'pgstead:repositorySecrets.<name>'`, from standard input";
  const given = secretNames(written);
  if (given === undefined) return at(where, { message: "is no map of secrets by name", hint });
  const known: readonly string[] = secretKeys;
  return [
    ...checkClear(where, written, hint),
    ...given.flatMap((name) =>
      known.includes(name)
        ? []
        : at([...where, name], { message: "is not known", hint: `there are ${secretKeys.join(" and ")}` }),
    ),
    ...(isDeclared && !given.includes("secretAccessKey")
      ? at([...place, "second", "s3"], {
          message: "has no secret access key",
          hint: hint.replace("each", "it").replace("<name>", "secretAccessKey"),
        })
      : []),
    ...(!isDeclared && given.length > 0
      ? at(where, {
          message: "belongs to a second repository, and none is declared",
          hint: "remove it, or declare `second` of pgstead:backup.physical",
        })
      : []),
  ];
}

const twice: Fault = {
  message: "is the same schedule as that of the full backup: one of the two would find the other under way",
  hint: 'leave the days of the full one out, such as "0 1 * * 1-6"',
};

/** Every file of the log that is not full costs a whole one on the way: less than ten seconds helps nobody. */
function timeoutFault(written: string): Fault | undefined {
  const ms = parseTime(written);
  if (ms === undefined) {
    return {
      message: `${renderValue(written)} is no time`,
      hint: "write a number and s, min or h, such as 60s",
    };
  }
  if (ms >= 10_000 && ms <= 86_400_000 && ms % 1_000 === 0) return undefined;
  return { message: `${renderValue(written)} is not from 10s to 24h`, hint: "write 60s, or up to 24h" };
}

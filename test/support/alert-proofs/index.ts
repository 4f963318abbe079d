import { availabilityProofs } from "./availability";
import { backupProofs } from "./backups";
import { capacityProofs } from "./capacity";
import { changeProofs } from "./changes";
import { copyProofs } from "./copies";
import { monitoringProofs } from "./monitoring";
import type { AlertProofs } from "./proof";
import { sessionProofs } from "./sessions";
import { tableProofs } from "./tables";
import { walProofs } from "./wal";

/** When each alert fires, and when it does not, by the alerts' names. */
export const alertProofs: AlertProofs = {
  ...availabilityProofs,
  ...sessionProofs,
  ...tableProofs,
  ...walProofs,
  ...backupProofs,
  ...copyProofs,
  ...changeProofs,
  ...capacityProofs,
  ...monitoringProofs,
};

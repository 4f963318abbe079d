/** The public parts of pgstead: components to build a program of your own from. */
export { Audit, type AuditArgs } from "./audit";
export type { Capabilities, Connection } from "./connection";
export { Database, type DatabaseArgs } from "./database";
export { DatabaseAccessControl, type DatabaseAccessControlArgs } from "./database-access-control";
export { DockerServer } from "./docker-server";
export type { DockerServerArgs } from "./docker-server-args";
export { EmbeddedServer, type EmbeddedServerArgs } from "./embedded-server";
export { ExistingServer, type ExistingServerArgs } from "./existing-server";
export { HostCertificate, type HostCertificateArgs } from "./host-certificate";
export { HostExporter, type HostExporterArgs } from "./host-exporter";
export { HostPackages, type HostPackagesArgs } from "./host-packages";
export { HostLogin, type HostLoginArgs } from "./providers/host-resources";
export { HostBasedAccess, type HostBasedAccessArgs } from "./host-based-access";
export { HostJobs, type HostJobsArgs } from "./host-jobs";
export { Credential, Guard, type CredentialArgs, type GuardArgs } from "./providers/resources";
export { lossGate, type LossGatePlan } from "./loss-gate";
export { Migrations, type MigrationsArgs } from "./migrations";
export { Monitoring, type MonitoringArgs } from "./monitoring";
export { ObjectsAccessControl, type ObjectsAccessControlArgs } from "./objects-access-control";
export { Operations, type OperationsArgs } from "./operations";
export {
  PointInTimeRecovery,
  type PointInTimeRecoveryArgs,
  type RepositorySecrets,
} from "./point-in-time-recovery";
export { Roles, type RoleArgs, type RolesArgs } from "./roles";
export { Schemas, type ExtensionArgs, type SchemaArgs, type SchemasArgs } from "./schemas";
export type { Machine, TunedSetting, TuningOptions } from "./core/tuning/machine";
export { resolveTuning } from "./core/tuning/tuning";
export { Tuning, type TuningArgs } from "./tuning";
export {
  ServerAccessControl,
  type AccessDatabase,
  type ServerAccessControlArgs,
} from "./server-access-control";

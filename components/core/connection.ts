/** How to reach a server as one login: PostgreSQL's own words (libpq, "Parameter Key Words"). */
export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

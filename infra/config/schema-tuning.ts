import { choice, integer, settingValues, text } from "./schema-words";

/** What the server's settings are made from. */
export const tuning = {
  memory: text("a size such as 8GB, from 512MB to 16TB", {
    description:
      "Memory of the server's host or container, never of the machine that runs Pulumi. Settings of memory are made from it, and their worst case stays within 90% of it.",
    example: "8GB",
    defaultText:
      "`1GB` on target embedded; target docker needs it, as it is the container's limit; on target existing none, and then nothing is tuned",
  }).optional(),
  cpus: integer(1, 1024, {
    description: "Cores of the server's host or container. From 4 on the parallel settings follow them.",
    example: "4",
    defaultText:
      "not known: parallel settings stay PostgreSQL's own; target docker needs it, as it is the container's limit",
  }).optional(),
  disk: choice(["ssd", "hdd", "san", "nvme"], {
    description: "Kind of the disk that holds the data (`random_page_cost`, `effective_io_concurrency`).",
    example: "nvme",
    defaultText: "`ssd`",
  }).optional(),
  workload: choice(["web", "oltp", "dw", "desktop", "mixed"], {
    description:
      "What the server is for: many short requests, transactions, analysis (data warehouse), a developer's machine, or of everything some.",
    example: "oltp",
    defaultText: "`desktop` on target embedded, else `mixed`",
  }).optional(),
  maxConnections: integer(1, 262_143, {
    description: "Sessions at once (`max_connections`). A change restarts the server.",
    example: "100",
    defaultText:
      "by workload: web 200, oltp 300, dw 40, desktop 20, mixed 100, less where memory does not suffice",
  }).optional(),
  autoExplain: text("a time such as 500ms, or slow", {
    description:
      "Plans of statements that take so long go to the server's log (`auto_explain`), in JSON and without the values of parameters; constants that stand in a statement's own text are there with it. `slow` is `pgstead:monitoring.thresholds.slowQuery`. Costs a reload, and is of logins after it.",
    example: "slow",
    defaultText: "none are logged",
  }).optional(),
  settings: settingValues({
    description:
      "Settings of postgresql.conf by their names in PostgreSQL, written by ALTER SYSTEM. They win over what is made from memory and workload. Most cost a reload, those of context `postmaster` a restart. What leaves gets its value of postgresql.conf again.",
  }).default({}),
};

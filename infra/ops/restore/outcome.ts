import type { CopiesData } from "../backup/copies";
import type { IntoData, KeptData, RestoredData } from "./act";
import type { RestoreListData, RestorePlanData } from "./look";
import type { TableData } from "./table";

/** What somebody is told that a run came to; `none`: nothing was done, and a finding says why. */
export type RestoreData =
  | ({ readonly action: "list" } & RestoreListData)
  | ({ readonly action: "copies" } & CopiesData)
  | RestorePlanData
  | RestoredData
  | IntoData
  | TableData
  | KeptData
  | { readonly action: "none" };

import { problemError } from "../../../components/core/problem";
import type { OpsCommand } from "../command";
import type { RotateArgs } from "../rotate/choose";
import { listPasswords, type PasswordListData } from "../rotate/list";
import { renderList, renderRotation } from "../rotate/render";
import type { RotateData } from "../rotate/report";
import { rotate } from "../rotate/run";

/** Gives roles new passwords, and tells how old they are. */
export const rotateCommand: OpsCommand<RotateArgs, RotateData | PasswordListData> = {
  name: "rotate",
  summary: "give a role a new password, by its number in the stack's file; or tell how old they are",
  declare: (command) => {
    command
      .argument("[role]", "login role, by its name in the configuration or on the server; or administrator")
      .option("-d, --database <name>", "database, where several have the role")
      .option("--all", "every password that is made here, the administrator's too, in one run")
      .option("--finish", "of two logins that take turns: shut out the former one")
      .option("--cut-off", "also where clients still log in by what would end")
      .option("--list", "how old each password is, and when it is due")
      .option("--dry-run", "show what would run, and end")
      .option("-y, --yes", "do not ask")
      .addHelpText("after", help);
  },
  run: (context, args) => {
    if (args.list !== true) return rotate(context, args);
    const others = [
      ...args.operands,
      ...(args.all === true ? ["--all"] : []),
      ...(args.finish === true ? ["--finish"] : []),
    ];
    const [other] = others;
    if (other === undefined) return listPasswords(context);
    throw problemError("--list", `shows all of them, and stands beside ${other}`, "leave it out");
  },
  render: ({ data, stack }, _args, colors) => ({
    output: "credentials" in data ? renderList(data, colors) : renderRotation(data, stack, colors),
  }),
};

const help = `
passwordVersion is raised by one in Pulumi.<stack>.yaml (comments and layout stay), the plan of the whole stack is shown, and
after a yes \`up\` runs. Then the new password is tried by a login, and so is the old one. No password is printed. Where \`up\`
fails before it made one, the file is as it was; after that it keeps the number, and running this again finishes it.

A role has one login: its old password ends, and clients have to get the new one at that moment. Sessions stay open. With
\`rotation: dual\` two logins take turns, and the former works until the next time. Clients that still use what the next time
ends are found by their sessions, and it is refused then; who is not connected just now cannot be seen.

--list is a check: exit code 1 where a password is older than pgstead:monitoring.thresholds.credential, or VALID UNTIL is
less than 14 days away.

JSON: data { done, begun, file, restarts, roles [{ kind, database, key, role, from, to, login, former, newPassword, oldPassword,
sessions, applications }] }; of --list data { limitSeconds, credentials [{ database, key, role, login, kind, number,
pendingNumber, changedAt, ageSeconds, dueAt, isDue, formerMayLogIn }] }.

Examples:
  npm run ops -- rotate app --stack prod
  npm run ops -- rotate app --finish
  npm run ops -- rotate --list --json`;

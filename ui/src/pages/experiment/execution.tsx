import type { Task } from "@/api/types";
import { CopyButton, Facts, nameOf } from "@/components/bits";

/** What ran: where its code comes from, what was changed in it, and in which surroundings. */
export default function Execution({ task }: { task: Task }) {
  const script = task.script ?? {};
  const packages = script.requirements?.pip;
  const text = Array.isArray(packages) ? packages.join("\n") : String(packages ?? "");
  const diff = script.diff ?? "";
  return (
    <div className="stack">
      <section className="panel pad">
        <Facts
          of={[
            ["Entry point", <code key="entry">{script.entry_point || "–"}</code>],
            ["Folder", <code key="folder">{script.working_dir || "–"}</code>],
            ["Repository", script.repository || "–"],
            ["Branch", script.branch || "–"],
            ["Commit", <code key="commit">{script.version_num || "–"}</code>],
            ["Interpreter", <code key="binary">{script.binary || "–"}</code>],
            ["Queue", nameOf(task.execution?.queue) || "–"],
            ["Image", task.container?.image || "–"],
          ]}
        />
      </section>
      <Text title={script.repository ? "Changes that were not committed" : "The script"} text={diff} isDiff={Boolean(script.repository)} />
      <Text title="Packages" text={text} />
      <Text title="Setup of the image" text={task.container?.setup_shell_script ?? ""} />
    </div>
  );
}

function Text({ title, text, isDiff = false }: { title: string; text: string; isDiff?: boolean }) {
  if (!text.trim()) return null;
  return (
    <section className="panel">
      <div className="row section-head">
        <h2 className="grow">{title}</h2>
        <CopyButton text={text} label={`Copy ${title.toLowerCase()}`} />
      </div>
      <pre className="diff" tabIndex={0}>
        {text.split("\n").map((line, at) => (
          <span key={at} className={isDiff ? kindOf(line) : ""}>
            {line || " "}
          </span>
        ))}
      </pre>
    </section>
  );
}

function kindOf(line: string): string {
  if (line.startsWith("+++") || line.startsWith("---") || line.startsWith("diff ")) return "strong";
  if (line.startsWith("@@")) return "place";
  return line.startsWith("+") ? "add" : line.startsWith("-") ? "cut" : "";
}

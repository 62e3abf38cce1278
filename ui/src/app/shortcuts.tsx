import { Dialog } from "@/components/dialog";
import { PLACES } from "./places";
import "./shortcuts.css";

const KEYS: [title: string, keys: [keys: string[], does: string][]][] = [
  [
    "Everywhere",
    [
      [["/"], "search, and everything that can be done"],
      [["Ctrl", "K"], "the same, also while writing"],
      [["?"], "these keys"],
      [["Esc"], "close what stands in front"],
    ],
  ],
  ["Go to", PLACES.map(({ key, label }) => [["g", key], label.toLowerCase()])],
  [
    "In a table",
    [
      [["j"], "the next row, as does ↓"],
      [["k"], "the row before, as does ↑"],
      [["Enter"], "open the row"],
      [["x"], "choose it, as does Space; with Shift, all rows from the last chosen one"],
      [["Home"], "the first row; End the last"],
    ],
  ],
  [
    "In a queue",
    [
      [["↑"], "with a task's handle: let it come earlier; ↓ later"],
      [["Home"], "let it be the next one; End the last"],
    ],
  ],
];

/** The keys that the page listens to. */
export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose} isWide>
      <div className="shortcuts">
        {KEYS.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([pressed, does]) => (
                <div key={does}>
                  <dt>
                    {pressed.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

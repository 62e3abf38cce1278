import { fetched } from "./fetched";
import "./prose.css";

const Text = fetched(
  () => import("./markdown"),
  ({ children }: { children: string }) => children,
);

/** What people wrote in Markdown. HTML in it is text, and images of other hosts are not asked for. */
export function Prose({ children }: { children: string }) {
  return (
    <div className="prose">
      <Text>{children}</Text>
    </div>
  );
}

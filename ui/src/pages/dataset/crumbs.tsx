import { ChevronRight } from "lucide-react";
import "./crumbs.css";

/** Where a folder lies, and the way up. */
export function Crumbs({ folder, name, onOpen }: { folder: string; name: string; onOpen: (folder: string) => void }) {
  const parts = folder.split("/").filter(Boolean);
  return (
    <nav aria-label="Folder" className="crumbs">
      <button type="button" title={name} aria-current={parts.length ? undefined : "true"} onClick={() => onOpen("")}>
        {name}
      </button>
      {parts.map((part, at) => (
        <span key={parts.slice(0, at + 1).join("/")} className="row">
          <ChevronRight size={13} aria-hidden />
          <button type="button" title={part} aria-current={at === parts.length - 1 ? "true" : undefined} onClick={() => onOpen(parts.slice(0, at + 1).join("/"))}>
            {part}
          </button>
        </span>
      ))}
    </nav>
  );
}

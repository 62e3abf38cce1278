import { Check, Copy as CopyIcon } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import type { VersionStatus } from "@/api/datasets";
import type { Named, Status as TaskStatus } from "@/api/types";
import { Button } from "./button";
import { write } from "./copy";
import { time, timeAgo } from "./format";
import "./bits.css";

export const WORDS: Record<TaskStatus | VersionStatus, [string, string]> = {
  created: ["draft", "calm"],
  queued: ["queued", "warn"],
  in_progress: ["running", "run"],
  stopped: ["stopped", "calm"],
  closed: ["closed", "calm"],
  failed: ["failed", "bad"],
  completed: ["completed", "good"],
  publishing: ["publishing", "run"],
  published: ["published", "good"],
  unknown: ["unknown", "calm"],
  uploading: ["uploading", "run"],
  final: ["final", "good"],
  archived: ["archived", "calm"],
  aborted: ["aborted", "bad"],
};

/** The state of a task or of a version: a word, and a colour that only says it again. */
export function Status({ of }: { of: TaskStatus | VersionStatus }) {
  const [word, tone] = WORDS[of] ?? [of, "calm"];
  return (
    <span className={`status ${tone}`}>
      <span className={`dot ${of === "in_progress" ? "pulsing" : ""}`} aria-hidden />
      {word}
    </span>
  );
}

/** A tag. */
export function Tag({ children }: { children: ReactNode }) {
  return <span className="tag">{children}</span>;
}

const MOST_TAGS = 6;

/** The tags of something, and whether it is out of sight. */
export function Tags({ of }: { of: { tags?: string[] | undefined; system_tags?: string[] | undefined } }) {
  const [isWhole, setWhole] = useState(false);
  const tags = of.tags ?? [];
  const shown = isWhole || tags.length <= MOST_TAGS + 1 ? tags : tags.slice(0, MOST_TAGS);
  return (
    <>
      {shown.map((tag) => (
        <Tag key={tag}>{tag}</Tag>
      ))}
      {shown.length < tags.length ? (
        <button type="button" className="tag removable" onClick={() => setWhole(true)}>
          {tags.length - shown.length} more tags
        </button>
      ) : null}
      {of.system_tags?.includes("archived") ? <Tag>archived</Tag> : null}
    </>
  );
}

/** How long ago something was, with the moment itself when one points at it. */
export function TimeAgo({ at }: { at: string | null | undefined }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  return at ? (
    <time dateTime={at} title={time(at)} className="nowrap">
      {timeAgo(at)}
    </time>
  ) : (
    <>–</>
  );
}

/** A button that copies a text, and says that it did. */
export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  async function copy() {
    await write(text);
    setDone(true);
    setTimeout(() => setDone(false), 1_500);
  }
  return <Button look="quiet" className="copy" icon={done ? <Check /> : <CopyIcon />} label={done ? "Copied" : label} onClick={() => void copy()} />;
}

/** A text to copy into a terminal or a script. */
export function Code({ children, label = "Copy" }: { children: string; label?: string }) {
  return (
    <div className="code">
      <pre tabIndex={0}>{children}</pre>
      <CopyButton text={children} label={label} />
    </div>
  );
}

/** An id, short, and whole when it is copied. */
export function Id({ of }: { of: string }) {
  return (
    <span className="row id">
      <code title={of}>{of.slice(0, 8)}</code>
      <CopyButton text={of} label="Copy the id" />
    </span>
  );
}

/** Names and what they are, in two columns. */
export function Facts({ of }: { of: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function nameOf(named: Named | string | null | undefined): string {
  return typeof named === "object" && named !== null ? named.name : "";
}

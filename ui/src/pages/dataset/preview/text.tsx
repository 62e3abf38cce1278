import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Search } from "@/app/router";
import { Button } from "@/components/button";
import { Prose } from "@/components/prose";
import "./preview.css";

/** A text with numbers beside its lines; JSON in order, and Markdown as it is meant, unless the source is asked for. */
export function TextOf({ path, text, whole }: { path: string; text: string; whole: boolean }) {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const isSource = search.as === "source";
  const pretty = useMemo(() => (whole && /\.(json|geojson|ipynb)$/i.test(path) ? inOrder(text) : null), [path, text, whole]);
  const isProse = /\.(md|markdown)$/i.test(path);
  const isChanged = pretty !== null || isProse;
  return (
    <>
      {isChanged ? (
        <div className="row file-choice">
          <Button look="quiet" onClick={() => void navigate({ to: ".", search: (before: Search) => ({ ...before, as: isSource ? undefined : "source" }), replace: true })}>
            {isSource ? (isProse ? "Read it" : "Put it in order") : "Source"}
          </Button>
        </div>
      ) : null}
      {isProse && !isSource ? (
        <div className="file-prose" tabIndex={0} role="region" aria-label={path}>
          <Prose>{text}</Prose>
        </div>
      ) : (
        <Lines text={pretty !== null && !isSource ? pretty : text} label={path} />
      )}
      {whole ? null : <p className="pad small faint">The file goes on.</p>}
    </>
  );
}

function Lines({ text, label }: { text: string; label: string }) {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const numbers = useMemo(() => Array.from({ length: Math.max(1, lines) }, (_, at) => at + 1).join("\n"), [lines]);
  return (
    <div className="file-lines" tabIndex={0} role="region" aria-label={label}>
      <pre className="line-numbers" aria-hidden>
        {numbers}
      </pre>
      <pre>{text}</pre>
    </div>
  );
}

function inOrder(text: string): string | null {
  try {
    const found = JSON.stringify(JSON.parse(text), null, 2);
    return found === text.trim() ? null : found;
  } catch {
    return null;
  }
}

import { CircleAlert, CloudOff, LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";
import { CallError } from "@/api/client";
import { Button } from "./button";
import "./states.css";

/** Something is on its way. */
export function Busy({ label = "Loading" }: { label?: string }) {
  return (
    <div className="state" role="status">
      <LoaderCircle className="turning" size={20} aria-hidden />
      <span className="visually-hidden">{label}</span>
    </div>
  );
}

/** There is nothing, and what to do about that. */
export function Empty({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <div className="state empty">
      {icon}
      <h2>{title}</h2>
      {children ? <div className="soft">{children}</div> : null}
    </div>
  );
}

/** Something went wrong, in the words of whoever knows. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div className="state failed" role="alert">
      <CircleAlert size={20} aria-hidden />
      <p>{message}</p>
      {onRetry ? <Button onClick={onRetry}>Try again</Button> : null}
    </div>
  );
}

/** The server can't be reached. */
export function Away({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  if (!(error instanceof CallError && error.isAway)) return <Failed error={error} onRetry={onRetry} />;
  return (
    <div className="state" role="alert">
      <CloudOff size={24} aria-hidden />
      <h2>The server does not answer</h2>
      <p className="soft">Check that <code>tilth up</code> runs. This page tries again by itself.</p>
      <Button onClick={onRetry}>Try now</Button>
    </div>
  );
}

/** What a query found; or that it looks, failed, or found nothing. */
export function Found<Data>({
  query,
  children,
}: {
  query: { data: Data | undefined; error: unknown; refetch: () => unknown };
  children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  return <Busy />;
}

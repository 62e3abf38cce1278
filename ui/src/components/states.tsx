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

/** There is nothing, and what to do about that; `isPage` where the page has no other heading. */
export function Empty({ title, children, icon, isPage = false }: { title: string; children?: ReactNode; icon?: ReactNode; isPage?: boolean }) {
  return (
    <div className="state empty">
      {icon}
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
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

interface Query<Data> {
  data: Data | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** What a query found; or that it looks, or failed. */
export function Found<Data>({ query, children }: { query: Query<Data>; children: (data: Data) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  return <Busy />;
}

interface FoundOneProps<Data, Row> {
  query: Query<Data>;
  /** What in the answer may be it. */
  among: (data: Data) => Row[];
  /** What it is, in words. */
  one: string;
  id: string;
  icon?: ReactNode;
  children: (row: Row) => ReactNode;
}

/** The only thing that a query by an id can find; or that it looks, failed, or that there is no such thing. */
export function FoundOne<Data, Row>({ query, among, one, id, icon, children }: FoundOneProps<Data, Row>) {
  if (query.data === undefined && query.error)
    return (
      <>
        <h1 className="visually-hidden">{`This ${one} can’t be shown`}</h1>
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      </>
    );
  return (
    <Found query={query}>
      {(data) => {
        const [row] = among(data);
        if (row !== undefined) return children(row);
        return (
          <Empty title={`There is no such ${one}`} icon={icon} isPage>
            It was deleted, or its id is another one: <code>{id}</code>
          </Empty>
        );
      }}
    </Found>
  );
}

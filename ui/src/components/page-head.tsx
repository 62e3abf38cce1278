import type { ReactNode } from "react";

interface PageHeadProps {
  /** What it lies in, as links. */
  where: ReactNode;
  title: ReactNode;
  /** What is to be known of it at once. */
  facts?: ReactNode;
  /** What people say of it. */
  children?: ReactNode;
  /** What can be done with it. */
  acts?: ReactNode;
  /** On a narrow page, what can be done stands below. */
  isStacked?: boolean;
}

/** The head of a page about one thing. */
export function PageHead({ where, title, facts, children, acts, isStacked = false }: PageHeadProps) {
  return (
    <header className={`page-head ${isStacked ? "heaped" : ""}`}>
      <div className="grow stack tight">
        <nav aria-label="Where it is" className="small soft ellipsis">
          {where}
        </nav>
        <h1>{title}</h1>
        {facts ? <div className="row wrap small soft head-facts">{facts}</div> : null}
        {children}
      </div>
      {acts}
    </header>
  );
}

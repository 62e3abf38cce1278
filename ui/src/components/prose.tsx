import { lazy, Suspense } from "react";
import "./prose.css";

const Markdown = lazy(() => import("react-markdown"));

/** What people wrote in Markdown. HTML in it is text, and images of other hosts are not asked for. */
export function Prose({ children }: { children: string }) {
  return (
    <div className="prose">
      <Suspense fallback={children}>
        <Markdown components={{ img: ({ alt, src }) => (typeof src === "string" && /^\/(?!\/)/.test(src) ? <img alt={alt} src={src} /> : <>{alt}</>) }}>{children}</Markdown>
      </Suspense>
    </div>
  );
}

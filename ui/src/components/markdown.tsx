import Markdown from "react-markdown";

export default function Text({ children }: { children: string }) {
  return <Markdown components={{ img: ({ alt, src }) => (typeof src === "string" && /^\/(?!\/)/.test(src) ? <img alt={alt} src={src} /> : <>{alt}</>) }}>{children}</Markdown>;
}

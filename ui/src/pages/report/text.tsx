import type { Nodes, Parent, Root } from "mdast";
import type { ReactNode } from "react";
import Markdown, { type Components } from "react-markdown";
import gfm from "remark-gfm";
import { BASE, fileUrl } from "@/api/client";
import { embedOfWidget, readEmbed, sourceOfFrame, writeEmbed } from "./embed";
import { Shown } from "./shown";
import "@/components/prose.css";
import "./report.css";

/** What a report says. Markup in it is text; blocks in the language `tilth`, and widgets of ClearML's page, are shown as what they ask for. */
export default function Text({ children }: { children: string }) {
  return (
    <div className="prose report-text">
      <Markdown remarkPlugins={PLUGINS} components={COMPONENTS} urlTransform={safe}>
        {children}
      </Markdown>
    </div>
  );
}

const PLUGINS = [gfm, () => framesShown];

const COMPONENTS: Components = {
  a: ({ href, children }) => (href ? <Away href={href}>{children}</Away> : <>{children}</>),
  img: ({ src, alt }) => {
    const own = typeof src === "string" ? ownFile(src) : null;
    return own === null ? <span className="soft">{alt || "a picture"} (it lies on another server)</span> : <img src={own} alt={alt ?? ""} loading="lazy" />;
  },
  input: ({ checked }) => <input type="checkbox" checked={checked ?? false} disabled aria-label={checked ? "done" : "to do"} />,
  pre: ({ children, node }) => {
    const code = node?.children[0];
    if (code?.type !== "element" || !String(code.properties.className ?? "").split(",").includes("language-tilth")) return <pre tabIndex={0}>{children}</pre>;
    const text = code.children.map((part) => (part.type === "text" ? part.value : "")).join("");
    const embed = readEmbed(text);
    return typeof embed === "string" ? (
      <div className="panel pad embed-problem" role="note">
        <p>This can&rsquo;t be shown: {embed}.</p>
        <pre tabIndex={0}>{text}</pre>
      </div>
    ) : (
      <Shown key={text} embed={embed} />
    );
  },
  table: ({ children }) => (
    <div className="report-table" tabIndex={0} role="group" aria-label="Table">
      <table>{children}</table>
    </div>
  ),
};

function Away({ href, children }: { href: string; children: ReactNode }) {
  if (href.startsWith("#")) return <a href={`${location.pathname}${location.search}${href}`}>{children}</a>;
  if (href.startsWith("/")) return <a href={`${BASE}${href}`}>{children}</a>;
  return (
    <a href={href} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}

/** Only places on the web, on this server and in this text are led to. */
function safe(address: string): string {
  return /^https?:\/\//i.test(address) || /^\/(?!\/)/.test(address) || address.startsWith("#") ? address : "";
}

/** The address of a picture on this server; null for one of another. */
function ownFile(address: string): string | null {
  if (/^\/(?!\/)/.test(address)) return `${BASE}${address}`;
  const found = fileUrl(address);
  return found?.startsWith("/") ? found : null;
}

/** A frame that shows a widget becomes the block that asks for the same; another frame becomes a link to what it shows. */
function framesShown(tree: Root): void {
  walk(tree);
}

function walk(parent: Parent): void {
  parent.children.forEach((child, at) => {
    if (child.type === "html") {
      const source = sourceOfFrame(child.value);
      if (source !== null) parent.children[at] = replaced(source, parent.type !== "paragraph");
    } else if ("children" in child) walk(child);
  });
}

function replaced(source: string, isBlock: boolean): Nodes & Parent["children"][number] {
  const embed = embedOfWidget(source);
  if (embed !== null && isBlock) return { type: "code", lang: "tilth", value: writeEmbed(embed).split("\n").slice(1, -1).join("\n") };
  const link = { type: "link" as const, url: source, children: [{ type: "text" as const, value: source }] };
  return isBlock ? { type: "paragraph", children: [link] } : link;
}

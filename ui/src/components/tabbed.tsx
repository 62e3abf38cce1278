import { Tabs } from "radix-ui";
import { type ReactNode, useEffect, useRef } from "react";
import type { Fetched } from "./fetched";
import "./tabbed.css";

/** One part of a page: its name in the address, its title, and what is drawn. */
export type Part<Props extends object> = readonly [key: string, title: string, part: Fetched<Props> | ((props: Props) => ReactNode)];

interface TabbedProps<Props extends object> {
  label: string;
  parts: readonly Part<Props>[];
  /** What the address asks for; the first part when that is none. */
  asked: string | undefined;
  onAsk: (key: string) => void;
  /** What every part is given. */
  props: Props;
  children?: ReactNode;
}

/** A page in several parts, one of which is seen; parts are loaded when they are looked at. */
export function Tabbed<Props extends object>({ label, parts, asked, onAsk, props, children }: TabbedProps<Props>) {
  const shown = parts.find(([key]) => key === asked)?.[0] ?? parts[0]?.[0] ?? "";
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // `scrollIntoView` would move the page as well.
    const tab = list.current?.querySelector('[data-state="active"]')?.getBoundingClientRect();
    const frame = list.current?.getBoundingClientRect();
    if (tab && frame) list.current?.scrollBy({ left: (tab.left + tab.right - frame.left - frame.right) / 2 });
  }, [shown]);
  return (
    <Tabs.Root value={shown} onValueChange={onAsk} className="tabs">
      <Tabs.List ref={list} className="tab-list" aria-label={label}>
        {parts.map(([key, title, part]) => (
          <Tabs.Trigger key={key} value={key} className="tab" onPointerEnter={() => fetchPart(part)} onFocus={() => fetchPart(part)}>
            {title}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {children}
      {parts.map(([key, title, Shown]) => (
        <Tabs.Content key={key} value={key} className="tab-body" tabIndex={-1}>
          <h2 className="visually-hidden">{title}</h2>
          <Shown {...props} />
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}

function fetchPart(part: Part<never>[2]): void {
  if ("fetch" in part) part.fetch();
}

/** Fetch the part that the address asks for while the page still asks what it is about. */
export function useAsked(parts: readonly Part<never>[], asked: string | undefined): void {
  useEffect(() => {
    const part = (parts.find(([key]) => key === asked) ?? parts[0])?.[2];
    if (part) fetchPart(part);
  }, [parts, asked]);
}

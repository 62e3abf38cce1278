import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { LogOut, Menu, Moon, Search, Sun, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "@/components/button";
import { fetched } from "@/components/fetched";
import { Mark } from "@/components/mark";
import { useLive, useLiveState } from "./live";
import { PLACES } from "./places";
import { useIsOver, useMe, useSignOut } from "./session";
import { setTheme, useIsDark } from "./theme";
import { useTitle } from "./title";
import { Toasts } from "./toasts";
import { useKeys } from "./use-keys";
import "./shell.css";

const Palette = fetched(
  async () => ({ default: (await import("./palette")).Palette }),
  () => null,
);
const Shortcuts = fetched(
  async () => ({ default: (await import("./shortcuts")).Shortcuts }),
  () => null,
);

/** What is around every page: places to go to, search, and who is signed in. */
export function Shell() {
  useLive(!useIsOver());
  const me = useMe();
  const live = useLiveState();
  const signOut = useSignOut();
  const dark = useIsDark();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [open, setOpen] = useState(false);
  const [front, setFront] = useState<"palette" | "shortcuts" | null>(null);
  const close = () => setFront(null);
  useTitle(path);
  useKeys({ isCovered: front !== null, onPalette: () => setFront("palette"), onHelp: () => setFront("shortcuts") });
  const before = useRef(path);
  useEffect(() => {
    setOpen(false);
    // What had the focus may be gone with the page before.
    if (before.current !== path && document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  useEffect(() => {
    const timer = setTimeout(Palette.fetch, 1_500); // so that it opens at once when it is asked for
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={`shell ${open ? "menu-open" : ""}`}>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault(); // the address is relative to `<base>`, which is another page
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the page
      </a>
      <header className="bar">
        <Button className="menu-button" look="quiet" icon={open ? <X /> : <Menu />} label={open ? "Close the menu" : "Open the menu"} aria-expanded={open} onClick={() => setOpen(!open)} />
        <Link to="/" className="brand" aria-label="Tilth, home">
          <Mark size={26} />
          <span>Tilth</span>
        </Link>
        <button type="button" className="search-button" aria-label="Search everything" onClick={() => setFront("palette")}>
          <Search size={15} aria-hidden />
          <span>Search everything</span>
          <kbd>/</kbd>
        </button>
        <div className="row bar-end">
          <Button look="quiet" icon={dark ? <Sun /> : <Moon />} label={dark ? "Light theme" : "Dark theme"} onClick={() => setTheme(dark ? "light" : "dark")} />
          <span className="who ellipsis">{me.name}</span>
          <Button look="quiet" icon={<LogOut />} label="Sign out" onClick={() => void signOut()} />
        </div>
      </header>
      <nav className="side" aria-label="Places">
        <ul>
          {PLACES.map(({ to, label, icon }) => (
            <li key={to}>
              <Link to={to} className="place" activeOptions={{ exact: to === "/" }} activeProps={{ className: "place here", "aria-current": "page" }}>
                {icon}
                <span>{label}</span>
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <button type="button" className="veil" aria-label="Close the menu" tabIndex={open ? 0 : -1} onClick={() => setOpen(false)} />
      <main id="main" className="main" tabIndex={-1}>
        {live === "away" ? (
          <p className="banner" role="status">
            The server does not answer. What you see may be old; this page goes on by itself when it is back.
          </p>
        ) : null}
        <Outlet />
      </main>
      <Toasts />
      {front === "palette" ? <Palette onClose={close} onHelp={() => setFront("shortcuts")} /> : null}
      {front === "shortcuts" ? <Shortcuts onClose={close} /> : null}
    </div>
  );
}

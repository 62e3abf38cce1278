import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Boxes, Database, FlaskConical, FolderTree, House, ListOrdered, LogOut, Menu, Moon, Search, Settings, Sun, Workflow, X } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { Button } from "@/components/button";
import { Mark } from "@/components/mark";
import { useLive, useLiveState } from "./live";
import { useIsOver, useMe, useSignOut } from "./session";
import { setTheme, useIsDark } from "./theme";
import { Toasts } from "./toasts";
import "./shell.css";

const loadPalette = () => import("./palette").then(({ Palette }) => ({ default: Palette }));
const Palette = lazy(loadPalette);

const PLACES: { to: string; label: string; icon: ReactNode }[] = [
  { to: "/", label: "Home", icon: <House size={18} /> },
  { to: "/projects", label: "Projects", icon: <FolderTree size={18} /> },
  { to: "/datasets", label: "Datasets", icon: <Database size={18} /> },
  { to: "/experiments", label: "Experiments", icon: <FlaskConical size={18} /> },
  { to: "/pipelines", label: "Pipelines", icon: <Workflow size={18} /> },
  { to: "/models", label: "Models", icon: <Boxes size={18} /> },
  { to: "/queues", label: "Queues", icon: <ListOrdered size={18} /> },
  { to: "/settings", label: "Settings", icon: <Settings size={18} /> },
];

/** What is around every page: places to go to, search, and who is signed in. */
export function Shell() {
  useLive(!useIsOver());
  const me = useMe();
  const live = useLiveState();
  const signOut = useSignOut();
  const dark = useIsDark();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [open, setOpen] = useState(false);
  const [searching, setSearching] = useState(false);
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette(), 1_500); // so that it opens at once when it is asked for
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      const writing = event.target instanceof HTMLElement && (event.target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName));
      if ((event.key === "k" && (event.metaKey || event.ctrlKey)) || (event.key === "/" && !writing)) {
        event.preventDefault();
        setSearching(true);
      }
    }
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  return (
    <div className={`shell ${open ? "menu-open" : ""}`}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="bar">
        <Button className="menu-button" look="quiet" icon={open ? <X /> : <Menu />} label={open ? "Close the menu" : "Open the menu"} aria-expanded={open} onClick={() => setOpen(!open)} />
        <Link to="/" className="brand" aria-label="Tilth, home">
          <Mark size={26} />
          <span>Tilth</span>
        </Link>
        <button type="button" className="search-button" aria-label="Search everything" onClick={() => setSearching(true)}>
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
      {searching ? (
        <Suspense fallback={null}>
          <Palette onClose={() => setSearching(false)} />
        </Suspense>
      ) : null}
    </div>
  );
}

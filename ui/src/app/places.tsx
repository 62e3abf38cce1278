import { Boxes, Database, FileText, FlaskConical, FolderTree, House, ListOrdered, Settings, Workflow } from "lucide-react";
import type { ReactNode } from "react";

/** Where one can go, and the key after `g` that goes there. */
export const PLACES: { to: string; label: string; icon: ReactNode; key: string }[] = [
  { to: "/", label: "Home", icon: <House size={18} />, key: "h" },
  { to: "/projects", label: "Projects", icon: <FolderTree size={18} />, key: "p" },
  { to: "/datasets", label: "Datasets", icon: <Database size={18} />, key: "d" },
  { to: "/experiments", label: "Experiments", icon: <FlaskConical size={18} />, key: "e" },
  { to: "/pipelines", label: "Pipelines", icon: <Workflow size={18} />, key: "l" },
  { to: "/models", label: "Models", icon: <Boxes size={18} />, key: "m" },
  { to: "/reports", label: "Reports", icon: <FileText size={18} />, key: "r" },
  { to: "/queues", label: "Queues", icon: <ListOrdered size={18} />, key: "q" },
  { to: "/settings", label: "Settings", icon: <Settings size={18} />, key: "s" },
];

import type { Named, Status } from "./types";

/** What the server answers about versions of datasets, as far as the page reads it. */

export type VersionStatus = "uploading" | "final" | "published" | "archived" | "aborted";

export interface Total {
  files: number;
  size_bytes: number;
}

export type ChangeTotals = Record<"added" | "removed" | "modified" | "moved" | "unchanged", Total>;

export interface Version {
  id: string;
  project: string;
  name: string;
  version: string;
  status: VersionStatus;
  parents: string[];
  tags: string[];
  aliases: string[];
  description: string;
  author: string;
  created: string;
  finished: string | null;
  entries: number;
  size_bytes: number;
  changes: ChangeTotals | null;
  storage: string;
}

export interface DatasetSummary {
  newest: Version;
  versions: number;
}

export interface LineageNode {
  id: string;
  project: string;
  name: string;
  version: string;
  status: VersionStatus | null;
  parents: string[];
  created: string;
  deleted: boolean;
}

export interface Uses {
  tasks: (Named & { type: string; status: Status; created: string; project: string; aliases: string[]; dataset: string })[];
  models: (Named & { task: string; project: string; framework?: string; ready?: boolean; created: string })[];
}

/** A file, or, in a folder, a folder with all that lies below it. A search finds files by their path alone. */
export interface Entry {
  path: string;
  name?: string;
  folder?: boolean;
  files?: number;
  /** Null if nobody asked how long it is what a link leads to. */
  size_bytes: number | null;
  /** Not there if nobody read what a link leads to. */
  sha256?: string;
  /** Where a file lies that is not stored. */
  link?: string;
}

export interface Change {
  path: string;
  change: "added" | "removed" | "modified" | "moved";
  size_before: number | null;
  size_after: number | null;
  /** Where a moved file was. */
  path_before?: string;
}

export type ChangeCounts = Record<Change["change"], number>;

/** In a folder of changes: a change, or a folder with all that differs below it. */
export type ChangeEntry = { name: string; path: string } & ({ folder: true; counts: ChangeCounts } | ({ folder: false } & Change));

export interface Statistics {
  files: number;
  /** As many were looked at. */
  seen: number;
  types: { type: string | null; files: number; size_bytes: number }[];
  sizes: { below: number | null; files: number }[];
  /** The folder whose parts are counted. */
  folder: string;
  folders: { name: string | null; files: number; size_bytes?: number }[];
}

export interface Changes {
  changes: Change[];
  counts: ChangeCounts;
  total: number;
  next: number | null;
}

export type FilePreview = { path: string; size_bytes: number; content_type: string } & (
  | { kind: "image" | "audio" | "video" | "binary" }
  | { kind: "text"; text: string; whole: boolean }
  | {
      kind: "table";
      columns: ColumnFacts[];
      rows: (string | null)[][];
      /** As many rows the facts of the columns are about. */
      sampled: number;
      total_rows: number | null;
      total_columns: number;
      whole: boolean;
      /** Rows that can't be read, among the first ones. */
      malformed: MalformedRows | null;
    }
);

export interface MalformedRows {
  count: number;
  /** Of so many, these included. */
  rows: number;
  /** Whether the table has no more rows than these. */
  is_all: boolean;
  first: { line: number; what: string }[];
}

export type Histogram =
  | { kind: "numbers" | "times" | "lengths" | "sizes"; start: number | string; stop: number | string; counts: number[] }
  | { kind: "categories"; values: { value: string; count: number }[]; others: number };

export interface ColumnFacts {
  name: string;
  type: string;
  missing?: number;
  distinct?: number;
  min?: number | string;
  max?: number | string;
  mean?: number;
  std?: number;
  histogram?: Histogram;
}

/** How one file differs from another. */
export type FileDifference =
  | { kind: "other" }
  | {
      kind: "text";
      lines: { change: "same" | "added" | "removed" | "gap"; text: string; before: number | null; after: number | null }[];
      counts: { added: number; removed: number };
      whole: boolean;
    }
  | {
      kind: "table";
      columns: string[];
      columns_added: string[];
      columns_removed: string[];
      /** The columns by which rows are told apart; none if by all of them. */
      key: string[];
      keys: string[];
      counts: Record<RowChange["change"] | "same", number>;
      rows: RowChange[];
      total: number;
      next: number | null;
      whole: boolean;
    };

export interface RowChange {
  change: "added" | "removed" | "changed";
  before: (string | null)[] | null;
  after: (string | null)[] | null;
}

/** What the calls about datasets return. */
export interface DatasetResults {
  "versions.datasets": { datasets: DatasetSummary[]; total: number };
  "versions.get": Version;
  "versions.update": Version;
  "versions.publish": Version;
  "versions.archive": Version;
  "versions.unarchive": Version;
  "versions.lineage": { nodes: LineageNode[] };
  "versions.search": { versions: Version[]; total: number };
  "tasks.using_dataset": Uses;
  "contents.list": { entries: Entry[]; next: string | null; files: number; size_bytes: number };
  "contents.search": { entries: Entry[]; next: number | null; total: number };
  "contents.statistics": Statistics;
  "contents.diff": Changes;
  "contents.diff_folder": { entries: ChangeEntry[]; next: string | null; counts: ChangeCounts; total: number };
  "contents.preview": FilePreview;
  "contents.compare": FileDifference;
  "contents.known": { entries: Entry[] };
  "contents.begin": { version: Version };
  "contents.finish": { version: Version };
  "contents.remove": { removed: number };
}

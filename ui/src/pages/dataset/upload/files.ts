/** A file that is to be sent, and the path that it gets. */
export interface Chosen {
  path: string;
  file: File;
}

/** The files of a folder that was chosen with a dialog; the folder's own name is no part of their paths. */
export function ofInput(files: FileList): Chosen[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath.split("/").slice(1).join("/") || file.name, file }));
}

/** What was dropped: of a single folder its files, of several things each under its own name. */
export async function ofDrop(items: DataTransferItemList): Promise<Chosen[]> {
  // All have to be taken before anything is waited for: the list is empty afterwards.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only?.isDirectory) return below(only as FileSystemDirectoryEntry, "");
  return (await Promise.all(entries.map((entry) => found(entry, "")))).flat();
}

async function found(entry: FileSystemEntry, folder: string): Promise<Chosen[]> {
  const path = folder ? `${folder}/${entry.name}` : entry.name;
  if (entry.isDirectory) return below(entry as FileSystemDirectoryEntry, path);
  const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
  return [{ path, file }];
}

async function below(entry: FileSystemDirectoryEntry, path: string): Promise<Chosen[]> {
  const reader = entry.createReader();
  const all: Chosen[] = [];
  // A reader gives a hundred at a time, and nothing when it is done.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    for (const one of some) all.push(...(await found(one, path)));
  }
}

const MOST_FILES = 200;
const MOST_BYTES = 16_000_000;

/** Files that are sent together: many small ones, or a large one by itself. */
export function batches(files: Chosen[], mostFiles = MOST_FILES, mostBytes = MOST_BYTES): Chosen[][] {
  const made: Chosen[][] = [];
  let size = 0;
  for (const one of files) {
    const last = made.at(-1);
    if (last === undefined || last.length >= mostFiles || size + one.file.size > mostBytes) {
      made.push([one]);
      size = one.file.size;
    } else {
      last.push(one);
      size += one.file.size;
    }
  }
  return made;
}

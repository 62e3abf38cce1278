import { BASE, call, CallError } from "@/api/client";
import { batches, type Chosen } from "./files";

export interface Progress {
  files: number;
  allFiles: number;
  bytes: number;
  allBytes: number;
}

const LARGEST_HASHED = 256_000_000;
const TRIES = 8;

/**
 * Sends files into a version that was begun. What lies there already is not sent again, so that after a failure, or another day, the same
 * folder goes on where it stopped. A batch that does not arrive is tried again for about a minute.
 */
export async function sendAll(version: string, files: Chosen[], onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<void> {
  const allBytes = files.reduce((sum, { file }) => sum + file.size, 0);
  const done = { files: 0, bytes: 0 };
  const say = (more = 0) => onProgress({ files: done.files, allFiles: files.length, bytes: Math.min(done.bytes + more, allBytes), allBytes });
  const count = (some: Chosen[]) => {
    done.files += some.length;
    done.bytes += some.reduce((sum, { file }) => sum + file.size, 0);
    say();
  };
  say();
  for (const batch of batches(files)) {
    signal.throwIfAborted();
    const there = await persist(() => known(version, batch, signal), signal);
    const wanted: Chosen[] = [];
    for (const one of batch) {
      if (await isThere(one, there)) count([one]);
      else wanted.push(one);
    }
    if (wanted.length === 0) continue;
    await persist(() => send(version, wanted, say, signal), signal);
    count(wanted);
  }
}

/** Which of these files the version holds already, and with what. */
async function known(version: string, batch: Chosen[], signal: AbortSignal): Promise<Map<string, { size_bytes: number | null; sha256?: string }>> {
  const { entries } = await call("contents.known", { version, paths: batch.map(({ path }) => path) }, signal);
  return new Map(entries.map((entry) => [entry.path, entry]));
}

/** Whether the server has exactly these bytes. Where a page can't compute hashes, since it is not served over TLS, everything is sent. */
async function isThere({ path, file }: Chosen, there: Map<string, { size_bytes: number | null; sha256?: string }>): Promise<boolean> {
  const has = there.get(path);
  if (has?.sha256 === undefined || has.size_bytes !== file.size || file.size > LARGEST_HASHED || crypto.subtle === undefined) return false;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") === has.sha256;
}

async function persist<Result>(attempt: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof CallError && error.isAway) || tries >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** tries, 15_000)));
      signal.throwIfAborted();
    }
  }
}

/** One form. `fetch` does not say how much was sent; the older way does. */
function send(version: string, files: Chosen[], onSent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  const form = new FormData();
  for (const { path, file } of files) form.append(path, file, "file");
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open("POST", `${BASE}/contents/${version}`);
    request.setRequestHeader("x-tilth-csrf", "1");
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => (request.status === 200 ? resolve() : reject(new CallError(said(request), request.status, 0, "contents")));
    request.onerror = () => reject(new CallError("The server does not answer, or a file can't be read any more", 0, 0, "contents"));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop);
    request.send(form);
  });
}

function said(request: XMLHttpRequest): string {
  try {
    const answer = JSON.parse(request.responseText) as { msg?: string; hint?: string };
    if (answer.msg) return answer.hint ? `${answer.msg}; ${answer.hint}` : answer.msg;
  } catch {
    // No JSON: a proxy said something of its own.
  }
  return `The server answered with status ${request.status}`;
}

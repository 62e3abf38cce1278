import type { Calls } from "./calls";
import type { Results } from "./results";

/** Where the page lies, without the slash at the end: below the path of a proxy, or at the root. */
export const BASE = new URL(document.baseURI).pathname.replace(/\/$/, "");

/** A call that the server refused, or that never got there. */
export class CallError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly subcode: number,
    readonly call: string,
  ) {
    super(message);
    this.name = "CallError";
  }

  /** Whether nobody is signed in any more. */
  get isSignedOut(): boolean {
    return this.status === 401;
  }

  /** Whether the server can't be reached now. */
  get isAway(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

const ends = new EventTarget();

/** Be told when a call finds that nobody is signed in any more. */
export function whenSignedOut(listener: () => void): () => void {
  ends.addEventListener("ended", listener);
  return () => ends.removeEventListener("ended", listener);
}

const HEADERS = { "content-type": "application/json", "x-tilth-csrf": "1" };

type Result<Name> = Name extends keyof Results ? Results[Name] : unknown;

/** Make a call of the server and return its data. What it takes comes from the server itself; what it returns is in `results.ts`. */
export async function call<Name extends keyof Calls>(name: Name, body: Calls[Name], signal?: AbortSignal): Promise<Result<Name>> {
  let answer: Response;
  try {
    answer = await fetch(`${BASE}/api/${name}`, { method: "POST", headers: HEADERS, body: JSON.stringify(body), signal: signal ?? null });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new CallError("The server does not answer", 0, 0, name);
  }
  const said = (await answer.json().catch(() => null)) as { meta?: { result_msg?: string; result_subcode?: number }; data?: Result<Name> } | null;
  if (!answer.ok || said?.meta === undefined) {
    const error = new CallError(said?.meta?.result_msg ?? `The server answered with status ${answer.status}`, answer.status, said?.meta?.result_subcode ?? 0, name);
    if (error.isSignedOut) ends.dispatchEvent(new Event("ended"));
    throw error;
  }
  return said.data as Result<Name>;
}

/** What a call answers that answers with a file. */
export async function download(name: keyof Calls, body: Record<string, unknown>): Promise<Blob> {
  const answer = await fetch(`${BASE}/api/${name}`, { method: "POST", headers: HEADERS, body: JSON.stringify(body) }).catch(() => null);
  if (answer === null) throw new CallError("The server does not answer", 0, 0, name);
  if (answer.ok) return answer.blob();
  const said = (await answer.json().catch(() => null)) as { meta?: { result_msg?: string; result_subcode?: number } } | null;
  throw new CallError(said?.meta?.result_msg ?? `The server answered with status ${answer.status}`, answer.status, said?.meta?.result_subcode ?? 0, name);
}

/** The address at which this server serves a file of a task; null for one that lies elsewhere and can't be shown here. */
export function fileUrl(uri: string | null | undefined): string | null {
  if (!uri) return null;
  const own = uri.startsWith("tilth://files/") ? uri.slice("tilth://files/".length) : null;
  if (own !== null) return `${BASE}/files/${own}`;
  try {
    const url = new URL(uri);
    if (url.protocol !== "http:" && url.protocol !== "https:") return null;
    const at = url.pathname.indexOf("/files/");
    return at >= 0 && url.origin === location.origin ? url.pathname : uri;
  } catch {
    return null;
  }
}

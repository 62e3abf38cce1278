import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Busy, Failed } from "./states";

/** A component that is fetched when it is first shown, or before that by `fetch`, when somebody is about to look at it. */
export type Fetched<Props extends object> = Part<Props> & { fetch: () => void };

type Part<Props extends object> = (props: Props) => ReactNode;
type Load<Props extends object> = () => Promise<{ default: Part<Props> }>;
type State<Props extends object> = { part: Part<Props> } | { error: unknown } | null;

/**
 * A part of the page in a file of its own. React's `lazy` does the same, but what replaces a placeholder of `Suspense` is held back for 300 ms, each time
 * one lies in another. Here the placeholder is a state like any other, and the part is shown as soon as it is there.
 */
export function fetched<Props extends object>(load: Load<Props>, placeholder: (props: Props) => ReactNode = () => <Busy />): Fetched<Props> {
  let part: Part<Props> | undefined;
  let asked: Promise<Part<Props>> | undefined;

  async function ask(): Promise<Part<Props>> {
    asked ??= load().then((found) => (part = found.default));
    try {
      return await asked;
    } catch (error) {
      asked = undefined; // so that it can be asked for again
      throw error;
    }
  }

  function Shown(props: Props) {
    const [state, setState] = useState<State<Props>>(() => (part ? { part } : null));
    const isShown = useRef(true);
    const again = useRef(false);
    function begin() {
      ask().then(
        (found) => isShown.current && setState({ part: found }),
        (error: unknown) => isShown.current && setState({ error }),
      );
    }
    useLayoutEffect(() => {
      if (state === null) begin();
    }, [state]);
    useEffect(() => {
      isShown.current = true;
      return () => {
        isShown.current = false;
      };
    }, []);
    if (state === null) return <>{placeholder(props)}</>;
    if ("part" in state) return <state.part {...props} />;
    return (
      <Failed
        error={new Error(`A part of this page could not be fetched. ${state.error instanceof Error ? state.error.message : String(state.error)}`)}
        onRetry={() => {
          // A server that was updated has other files, which only a page that is loaded anew knows.
          if (again.current) location.reload();
          again.current = true;
          setState(null);
        }}
      />
    );
  }

  return Object.assign(Shown, { fetch: () => void ask().catch(() => undefined) });
}

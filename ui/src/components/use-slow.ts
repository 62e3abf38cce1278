import { useEffect, useState } from "react";

/** A value that follows another after it has not changed for a while, so that not every key is a question to the server. */
export function useSlow<Value>(value: Value, milliseconds = 250): Value {
  const [slow, setSlow] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return slow;
}

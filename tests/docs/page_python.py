"""The Python of one page: runs blocks in one namespace, one JSON line in for each, one JSON line with the problem (or "") out.

A process of its own for a page sees the page's HOME from its first import on.
"""

import doctest
import json
import os
import sys
import traceback
from typing import Any

__all__: list[str] = []


def run(text: str, names: dict[str, Any]) -> str:
    """Run one block; what is wrong with it, or an empty string."""
    try:
        if ">>> " not in text:
            exec(compile(text, "<page>", "exec"), names)
            return ""
        said: list[str] = []
        test = doctest.DocTestParser().get_doctest(text, names, "<page>", None, 0)
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append, clear_globs=False)
        names.update(test.globs)
        return "".join(said)
    except Exception:  # noqa: BLE001 the boundary: whatever a page's code raises is the test's result
        return traceback.format_exc()


def main() -> None:
    """Answer on the real standard output; what blocks print goes to standard error, which nobody reads."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    names: dict[str, Any] = {"__name__": "__main__"}
    for line in sys.stdin:
        block = json.loads(line)
        os.chdir(block["folder"])
        answers.write(json.dumps(run(block["text"], names)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

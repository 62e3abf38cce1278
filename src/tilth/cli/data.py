"""`tilth data`: the names of its commands; each is imported when it is run."""

from cyclopts import App, Parameter

__all__ = ["app"]

app = App(
    name="data",
    help="Versions of datasets. A command that names no --id means the version that was made or changed last.",
    default_parameter=Parameter(negative=()),
)

_WORDS = {
    **dict.fromkeys(("upload", "finalize", "close", "resume", "list", "get", "verify", "log", "stats", "used-by", "preview"), "[VERSION]"),
    **dict.fromkeys(("set-description", "tag", "alias", "publish", "archive", "delete"), "[VERSION]"),
    **dict.fromkeys(("add", "remove", "import"), "[FILES...]"),
    "sync": "[FOLDER]",
    "squash": "[VERSIONS...]",
    "ls": "[VERSION] [FOLDER]",
    "cat": "[VERSION] FILE",
    "export": "[VERSION] FILE",
    "query": "[VERSION] SQL",
    "mount": "VERSION FOLDER",
    "unmount": "FOLDER",
    "import-session": "FOLDER_OR_ZIP",
    "search": "[NAME]",
    "compare": "SOURCE TARGET",
}
"""What stands behind the name of a command without an option."""

for _module, _names in {
    "data_making": ["create", "add", "remove", "sync", "import", "upload", "finalize", "close", "resume", "squash"],
    "data_reading": ["list", "ls", "cat", "get", "export", "verify"],
    "data_sessions": ["import-session"],
    "data_mounting": ["mount", "unmount"],
    "data_finding": ["search", "log", "stats", "compare", "used-by", "preview"],
    "data_tables": ["merge-tables", "query"],
    "data_watching": ["watch"],
    "data_keeping": ["set-description", "tag", "alias", "rename", "move", "publish", "archive", "delete", "gc"],
}.items():
    for _name in _names:
        _usage = " ".join(["Usage: tilth data", _name, *([_WORDS[_name]] if _name in _WORDS else []), "[OPTIONS]"])
        app.command(f"tilth.cli.{_module}:{_name.replace('-', '_')}_command", name=_name, usage=_usage)

"""What counts as archived: what is tagged so, and whatever lies in a project that is, or below one.

A project is tagged and nothing in it is touched, so that bringing it back shows each thing as it was. What lies in it is worked out by
every query anew: moves and new names of projects need nobody to keep a second note true.
"""

__all__ = ["ARCHIVED", "in_archived_project"]

ARCHIVED = "archived"
"""The system tag."""

_PROJECTS = f"""
    SELECT inside.id FROM project AS top CROSS JOIN project AS inside WHERE instr(top.system_tags, '"{ARCHIVED}"') > 0
        AND (inside.id = top.id OR (inside.name >= top.name || '/' AND inside.name < top.name || '0'))
"""
_PLACES = {"task": "task.project", "model": "model.project", "project": "project.id"}


def in_archived_project(table: str, column: str = "") -> str:
    """The condition that a row lies in an archived project, by the `column` that names its project; nothing for tables without one."""
    place = column or _PLACES.get(table, "")
    return f"{place} IN ({_PROJECTS})" if place else ""

-- Projects, tasks, and what makes some tasks versions of datasets. Written for SQLite and PostgreSQL alike.

CREATE TABLE project (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    parent TEXT REFERENCES project (id) ON DELETE CASCADE,
    description TEXT NOT NULL,
    tags TEXT NOT NULL,
    system_tags TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    created TEXT NOT NULL,
    last_update TEXT NOT NULL,
    rev INTEGER NOT NULL
);
CREATE INDEX project_parent ON project (parent);

CREATE TABLE task (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    project TEXT REFERENCES project (id) ON DELETE SET NULL,
    author TEXT NOT NULL,
    comment TEXT NOT NULL,
    tags TEXT NOT NULL,
    system_tags TEXT NOT NULL,
    parent TEXT,
    created TEXT NOT NULL,
    started TEXT,
    completed TEXT,
    published TEXT,
    status_changed TEXT NOT NULL,
    last_update TEXT NOT NULL,
    status_message TEXT NOT NULL,
    status_reason TEXT NOT NULL,
    hyperparams TEXT NOT NULL,
    configuration TEXT NOT NULL,
    runtime TEXT NOT NULL,
    execution TEXT NOT NULL,
    script TEXT NOT NULL,
    rev INTEGER NOT NULL
);
CREATE INDEX task_project ON task (project, last_update);
CREATE INDEX task_created ON task (type, created);

CREATE TABLE task_tag (
    task TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (tag, task)
);
CREATE INDEX task_tag_task ON task_tag (task);

CREATE TABLE version (
    task TEXT PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
    dataset TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    number_key TEXT NOT NULL,
    archived INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    root TEXT,
    changes TEXT,
    UNIQUE (dataset, number)
);
CREATE INDEX version_order ON version (dataset, number_key);

CREATE TABLE version_parent (
    version TEXT NOT NULL REFERENCES version (task) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    parent TEXT NOT NULL,
    PRIMARY KEY (version, position)
);
CREATE INDEX version_parent_parent ON version_parent (parent);

CREATE TABLE version_alias (
    dataset TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    version TEXT NOT NULL REFERENCES version (task) ON DELETE CASCADE,
    PRIMARY KEY (dataset, alias)
);
CREATE INDEX version_alias_version ON version_alias (version);

CREATE TABLE version_metadata (
    version TEXT NOT NULL REFERENCES version (task) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (version, name)
);

CREATE TABLE change (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    project TEXT,
    at TEXT NOT NULL
);

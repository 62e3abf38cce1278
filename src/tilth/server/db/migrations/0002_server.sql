-- What a server keeps beside datasets: whole tasks, models, events, queues, workers, people, files, jobs.

ALTER TABLE project ADD COLUMN default_output_destination TEXT;
ALTER TABLE project ADD COLUMN author TEXT NOT NULL DEFAULT '';

ALTER TABLE task ADD COLUMN container TEXT NOT NULL DEFAULT '{}';
ALTER TABLE task ADD COLUMN models TEXT NOT NULL DEFAULT '{"input":[],"output":[]}';
ALTER TABLE task ADD COLUMN output TEXT NOT NULL DEFAULT '{}';
ALTER TABLE task ADD COLUMN input TEXT NOT NULL DEFAULT '{}';
ALTER TABLE task ADD COLUMN active_duration INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN last_worker TEXT;
ALTER TABLE task ADD COLUMN last_worker_report TEXT;
ALTER TABLE task ADD COLUMN last_iteration INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN last_change TEXT;
ALTER TABLE task ADD COLUMN last_changed_by TEXT;
ALTER TABLE task ADD COLUMN enqueue_status TEXT;
ALTER TABLE task ADD COLUMN report TEXT;
ALTER TABLE task ADD COLUMN report_assets TEXT NOT NULL DEFAULT '[]';
UPDATE task SET last_change = last_update;
CREATE INDEX task_last_update ON task (last_update);
CREATE INDEX task_parent ON task (parent);
CREATE INDEX task_status ON task (status, last_update);

-- The tags in the task's own row are searched.
DROP TABLE task_tag;

CREATE TABLE model (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    author TEXT NOT NULL,
    created TEXT NOT NULL,
    last_update TEXT NOT NULL,
    last_change TEXT NOT NULL,
    task TEXT,
    parent TEXT,
    project TEXT REFERENCES project (id) ON DELETE SET NULL,
    comment TEXT NOT NULL,
    tags TEXT NOT NULL,
    system_tags TEXT NOT NULL,
    framework TEXT,
    design TEXT NOT NULL,
    labels TEXT NOT NULL,
    uri TEXT,
    ready INTEGER NOT NULL,
    ui_cache TEXT NOT NULL,
    metadata TEXT NOT NULL,
    last_iteration INTEGER NOT NULL,
    rev INTEGER NOT NULL
);
CREATE INDEX model_project ON model (project, last_update);
CREATE INDEX model_task ON model (task);
CREATE INDEX model_uri ON model (uri);

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    metric TEXT NOT NULL,
    variant TEXT NOT NULL,
    metric_hash TEXT NOT NULL,
    variant_hash TEXT NOT NULL,
    value REAL NOT NULL,
    value_iteration INTEGER NOT NULL,
    value_timestamp INTEGER NOT NULL,
    min_value REAL NOT NULL,
    min_value_iteration INTEGER NOT NULL,
    max_value REAL NOT NULL,
    max_value_iteration INTEGER NOT NULL,
    first_value REAL NOT NULL,
    first_value_iteration INTEGER NOT NULL,
    total REAL NOT NULL,
    count INTEGER NOT NULL,
    loose INTEGER NOT NULL,
    x_axis_label TEXT,
    UNIQUE (entity, metric, variant)
);
CREATE INDEX series_hashes ON series (entity, metric_hash, variant_hash);
CREATE INDEX series_value ON series (metric_hash, variant_hash, value);
CREATE INDEX series_min ON series (metric_hash, variant_hash, min_value);
CREATE INDEX series_max ON series (metric_hash, variant_hash, max_value);

CREATE TABLE scalar (
    series INTEGER NOT NULL,
    iter INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (series, iter)
) WITHOUT ROWID;

CREATE TABLE scalar_block (
    series INTEGER NOT NULL,
    first_iter INTEGER NOT NULL,
    last_iter INTEGER NOT NULL,
    count INTEGER NOT NULL,
    extremes BLOB NOT NULL,
    PRIMARY KEY (series, first_iter)
) WITHOUT ROWID;

CREATE TABLE scalar_data (
    series INTEGER NOT NULL,
    first_iter INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (series, first_iter)
);

CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    digest TEXT NOT NULL,
    first_timestamp INTEGER NOT NULL,
    last_timestamp INTEGER NOT NULL,
    count INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (entity, digest)
);
CREATE INDEX log_time ON log (entity, first_timestamp);

CREATE TABLE event (
    entity TEXT NOT NULL,
    kind TEXT NOT NULL,
    metric TEXT NOT NULL,
    variant TEXT NOT NULL,
    iter INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    url TEXT,
    data BLOB NOT NULL,
    PRIMARY KEY (entity, kind, metric, variant, iter)
);
CREATE INDEX event_order ON event (entity, kind, iter, metric, variant);

CREATE TABLE queue (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT,
    author TEXT NOT NULL,
    created TEXT NOT NULL,
    last_update TEXT NOT NULL,
    tags TEXT NOT NULL,
    system_tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    rev INTEGER NOT NULL
);

CREATE TABLE queue_entry (
    task TEXT PRIMARY KEY,
    queue TEXT NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    added TEXT NOT NULL
);
CREATE INDEX queue_entry_place ON queue_entry (queue, place);

CREATE TABLE queue_sample (
    queue TEXT NOT NULL,
    at INTEGER NOT NULL,
    waited REAL NOT NULL,
    length INTEGER NOT NULL
);
CREATE INDEX queue_sample_at ON queue_sample (queue, at);

CREATE TABLE worker (
    id TEXT PRIMARY KEY,
    author TEXT NOT NULL,
    ip TEXT,
    register_time TEXT NOT NULL,
    last_activity_time TEXT NOT NULL,
    last_report_time TEXT,
    timeout INTEGER NOT NULL,
    task TEXT,
    queue TEXT,
    queues TEXT NOT NULL,
    tags TEXT NOT NULL,
    system_tags TEXT NOT NULL,
    expires TEXT NOT NULL
);

CREATE TABLE worker_sample (
    worker TEXT NOT NULL,
    at INTEGER NOT NULL,
    task TEXT,
    data TEXT NOT NULL
);
CREATE INDEX worker_sample_at ON worker_sample (worker, at);
CREATE INDEX worker_sample_time ON worker_sample (at);

CREATE TABLE account (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    email TEXT,
    password TEXT,
    subject TEXT UNIQUE,
    active INTEGER NOT NULL,
    preferences TEXT NOT NULL,
    created TEXT NOT NULL,
    last_login TEXT
);

CREATE TABLE credential (
    access_key TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    label TEXT,
    secret TEXT NOT NULL,
    created TEXT NOT NULL,
    last_used TEXT,
    last_used_from TEXT
);
CREATE INDEX credential_account ON credential (account);

CREATE TABLE project_role (
    project TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (project, account)
);

CREATE TABLE blocked_token (
    id TEXT PRIMARY KEY,
    until INTEGER NOT NULL
);

CREATE TABLE login_link (
    digest TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    until INTEGER NOT NULL
);

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    address TEXT
);
CREATE INDEX audit_entity ON audit (entity);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at TEXT NOT NULL,
    lease_until TEXT,
    attempts INTEGER NOT NULL,
    error TEXT
);
CREATE INDEX job_run_at ON job (run_at);

CREATE TABLE file (
    path TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    content_type TEXT,
    created TEXT NOT NULL
);
CREATE INDEX file_key ON file (key);

CREATE TABLE serving_container (
    id TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    registered TEXT NOT NULL,
    last_update TEXT NOT NULL,
    expires TEXT NOT NULL
);

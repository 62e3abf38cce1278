/** What the server answers with, as far as the page reads it. */

export type Status = "created" | "queued" | "in_progress" | "stopped" | "closed" | "failed" | "completed" | "publishing" | "published" | "unknown";

export interface Named {
  id: string;
  name: string;
}

export interface Me {
  id: string;
  name: string;
  role: string;
  server_role?: string;
  email: string | null;
  preferences: Record<string, unknown>;
}

export interface Project {
  id: string;
  name: string;
  basename?: string;
  description?: string;
  tags?: string[];
  system_tags?: string[];
  created?: string;
  last_update?: string;
  user?: Named | string;
  parent?: Named | string | null;
  sub_projects?: Named[];
  stats?: { active?: ProjectStats; archived?: ProjectStats; datasets?: { count: number } };
  own_tasks?: number;
  own_models?: number;
  own_datasets?: number;
}

export interface ProjectStats {
  total_tasks?: number;
  total_runtime?: number;
  completed_tasks_24h?: number;
  status_count?: Partial<Record<Status, number>>;
}

export interface MetricValue {
  metric: string;
  variant: string;
  value: number;
  min_value?: number;
  max_value?: number;
  first_value?: number;
  mean_value?: number;
  min_value_iteration?: number;
  max_value_iteration?: number;
}

export interface Parameter {
  section: string;
  name: string;
  value: string;
  type?: string;
  description?: string;
}

export interface ConfigurationItem {
  name: string;
  value: string;
  type?: string;
  description?: string;
}

export interface Artifact {
  key: string;
  type: string;
  mode?: "input" | "output";
  uri?: string;
  content_size?: number;
  hash?: string;
  timestamp?: number;
  type_data?: { preview?: string; content_type?: string; data_hash?: string };
  display_data?: [string, string][];
}

export interface TaskModel {
  name: string;
  model: Model | string;
}

export interface Task {
  id: string;
  name: string;
  type: string;
  status: Status;
  status_message?: string;
  status_reason?: string;
  status_changed?: string;
  project?: Named | string | null;
  user?: Named | string;
  parent?: (Named & { project?: Named }) | string | null;
  comment?: string;
  tags?: string[];
  system_tags?: string[];
  created?: string;
  started?: string | null;
  completed?: string | null;
  published?: string | null;
  last_update?: string;
  last_iteration?: number;
  last_worker?: string;
  active_duration?: number | null;
  script?: Script;
  container?: { image?: string; arguments?: string; setup_shell_script?: string };
  execution?: { queue?: Named | string | null; artifacts?: Artifact[]; docker_cmd?: string };
  hyperparams?: Record<string, Record<string, Parameter>>;
  configuration?: Record<string, ConfigurationItem>;
  models?: { input?: TaskModel[]; output?: TaskModel[] };
  last_metrics?: Record<string, Record<string, MetricValue>>;
  runtime?: Record<string, unknown>;
}

export interface Script {
  repository?: string;
  branch?: string;
  tag?: string;
  version_num?: string;
  entry_point?: string;
  working_dir?: string;
  binary?: string;
  diff?: string;
  requirements?: Record<string, unknown>;
}

export interface Model {
  id: string;
  name: string;
  uri?: string;
  framework?: string;
  ready?: boolean;
  tags?: string[];
  system_tags?: string[];
  created?: string;
  last_update?: string;
  comment?: string;
  project?: Named | string;
  task?: Named | string;
  user?: Named | string;
  labels?: Record<string, number>;
  metadata?: Record<string, { key: string; type?: string; value: string }>;
  design?: Record<string, unknown>;
}

export interface Curve {
  name: string;
  x: number[];
  y: number[];
  /** The least and the most of the stretch that each point stands for, where there are more points than were asked for. */
  y_min?: number[];
  y_max?: number[];
  points?: number;
}

export type Curves = Record<string, Record<string, Curve>>;

export interface LogLine {
  text: string;
  timestamp: number;
  level: string;
  worker: string;
}

export interface PlotEvent {
  metric: string;
  variant: string;
  iter: number;
  plot_str: string;
  timestamp?: number;
}

export interface ImageEvent {
  metric: string;
  variant: string;
  iter: number;
  url: string;
  key?: string;
  timestamp?: number;
}

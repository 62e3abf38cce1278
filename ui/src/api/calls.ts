/* Written by tools/ui_calls.py: `make snapshots`. */

/** What each call takes. */
export interface Calls {
  /** Refused: every call is answered when it is done. */
  "async.result": { id?: string | null } & Record<string, unknown>;
  /** A new key of the caller; its secret is shown this once. */
  "auth.create_credentials": { label?: string | null } & Record<string, unknown>;
  /** Make an account. */
  "auth.create_user": { name: string; email?: string | null; role?: string | null; password?: string | null; kind?: string | null } & Record<string, unknown>;
  /** Give a key of the caller another label. */
  "auth.edit_credentials": { access_key: string; label?: string | null } & Record<string, unknown>;
  /** Change the role of an account, its password, or whether it may come in: one's own password, or all of it for administrators. */
  "auth.edit_user": { user: string; role?: string | null; active?: boolean | null; password?: string | null } & Record<string, unknown>;
  /** Whether accounts are written in a file: they are not. */
  "auth.fixed_users_mode": Record<string, unknown>;
  /** The keys of the caller. */
  "auth.get_credentials": Record<string, unknown>;
  /** A token for another account. */
  "auth.get_token_for_user": { user: string; expiration_sec?: number | null } & Record<string, unknown>;
  /** A token for the key and secret, or for the token, in the `Authorization` header. */
  "auth.login": { expiration_sec?: number | null } & Record<string, unknown>;
  /** Revoke the token of this call. */
  "auth.logout": Record<string, unknown>;
  /** Make a key of the caller useless at once. */
  "auth.revoke_credentials": { access_key: string } & Record<string, unknown>;
  /** Whether a token is good, and whose it is. */
  "auth.validate_token": { token: string } & Record<string, unknown>;
  /** Give up a version that was begun. */
  "contents.abort": { version: string } & Record<string, unknown>;
  /** Begin a version into which files are uploaded with a browser. */
  "contents.begin": { name: string; project?: string | null; version?: string | null; parents?: string[] | null; tags?: string[] | null; description?: string | null } & Record<string, unknown>;
  /** How a file differs from that of another version: rows of tables, told apart by a key or as a whole, or lines of texts. */
  "contents.compare": { version: string; path: string; other: string; other_path?: string | null; key?: string[] | null; kinds?: string[] | null; offset?: number | null; limit?: number | null } & Record<string, unknown>;
  /** Forget a version and what it alone holds; what other versions share with it stays. */
  "contents.delete": { version: string } & Record<string, unknown>;
  /** How a version differs from another, or from its parents: added, removed, modified and moved files, some kinds of them, some paths. */
  "contents.diff": { version: string; other?: string | null; kinds?: string[] | null; pattern?: string | null; offset?: number | null; limit?: number | null } & Record<string, unknown>;
  /** What differs right in a folder, and how much in each folder below it, page by page. */
  "contents.diff_folder": { version: string; other?: string | null; folder?: string | null; kinds?: string[] | null; pattern?: string | null; after?: string | null; limit?: number | null } & Record<string, unknown>;
  /** Make a version that was begun final. */
  "contents.finish": { version: string } & Record<string, unknown>;
  /** Which of some paths a version that was begun holds already: what is sent again need not be. */
  "contents.known": { version: string; paths: string[] } & Record<string, unknown>;
  /** What lies right in a folder of a version, page by page. */
  "contents.list": { version: string; folder?: string | null; after?: string | null; limit?: number | null } & Record<string, unknown>;
  /** The beginning of a file: rows of a table, text, or what kind of file it is. */
  "contents.preview": { version: string; path: string; rows?: number | null } & Record<string, unknown>;
  /** Take files out of a version that was begun. */
  "contents.remove": { version: string; pattern: string } & Record<string, unknown>;
  /** The files of a version whose path holds a text, or fits wildcards; capitals and small letters are the same. */
  "contents.search": { version: string; pattern: string; offset?: number | null; limit?: number | null } & Record<string, unknown>;
  /** A version in numbers: its files by type, by size and by folder. */
  "contents.statistics": { version: string } & Record<string, unknown>;
  /** Whether the server answers. */
  "debug.ping": Record<string, unknown>;
  /** Keep one event. */
  "events.add": Record<string, unknown>;
  /** Nothing: readers carry their place themselves. */
  "events.clear_scroll": { scroll_id: string } & Record<string, unknown>;
  /** Forget the console of a task, or what is older than some seconds. */
  "events.clear_task_log": { task: string; threshold_sec?: number | null; allow_locked?: boolean | null } & Record<string, unknown>;
  /** Debug images by task and iteration, the newest first. */
  "events.debug_images": { metrics: (Record<string, unknown>)[]; iters?: number | null; navigate_earlier?: boolean | null; refresh?: boolean | null; scroll_id?: string | null; model_events?: boolean | null } & Record<string, unknown>;
  /** Forget everything that was reported of a model. */
  "events.delete_for_model": { model: string; allow_locked?: boolean | null } & Record<string, unknown>;
  /** Forget everything that a task reported. */
  "events.delete_for_task": { task: string; allow_locked?: boolean | null } & Record<string, unknown>;
  /** The whole console as a text, or as one JSON object a line. */
  "events.download_task_log": { task: string; line_type?: string | null; line_format?: string | null } & Record<string, unknown>;
  /** Which lines of the console hold a text. */
  "events.find_in_log": { task: string; text: string; exact_case?: boolean | null } & Record<string, unknown>;
  /** One debug image for a viewer: at an iteration, or the newest. */
  "events.get_debug_image_sample": { task: string; metric: string; variant: string; iteration?: number | null; navigate_current_metric?: boolean | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The lines of the console from a number on, or the last ones. */
  "events.get_log_lines": { task: string; first?: number | null; limit?: number | null } & Record<string, unknown>;
  /** The metrics and variants that several tasks reported. */
  "events.get_multi_task_metrics": { tasks: string[]; event_type?: string | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The plots of several tasks, by metric, variant, task and iteration. */
  "events.get_multi_task_plots": { tasks: string[]; iters?: number | null; metrics?: (Record<string, unknown>)[] | null; scroll_id?: string | null; no_scroll?: boolean | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The plots of a metric for a viewer: at an iteration, or the newest. */
  "events.get_plot_sample": { task: string; metric: string; iteration?: number | null; navigate_current_metric?: boolean | null; model_events?: boolean | null } & Record<string, unknown>;
  /** Every scalar event of a metric, in pages. */
  "events.get_scalar_metric_data": { task: string; metric: string; scroll_id?: string | null; no_scroll?: boolean | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The metrics of a task's scalars, and their variants. */
  "events.get_scalar_metrics_and_variants": { task: string; model_events?: boolean | null } & Record<string, unknown>;
  /** The events of a task, page by page, until a page is empty. */
  "events.get_task_events": { task: string; event_type?: string | null; order?: string | null; batch_size?: number | null; scroll_id?: string | null; metrics?: (Record<string, unknown>)[] | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The last value of each scalar. */
  "events.get_task_latest_scalar_values": { task: string } & Record<string, unknown>;
  /** Lines of the console, before or after a time. */
  "events.get_task_log": { task: string; batch_size?: number | null; navigate_earlier?: boolean | null; from_timestamp?: number | null; order?: string | null } & Record<string, unknown>;
  /** The metrics that tasks reported, by task. */
  "events.get_task_metrics": { tasks: string[]; event_type?: string | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The plots of the last iterations of each metric and variant. */
  "events.get_task_plots": { task: string; iters?: number | null; metrics?: (Record<string, unknown>)[] | null; scroll_id?: string | null; no_scroll?: boolean | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The values of tasks that belong to no iteration. */
  "events.get_task_single_value_metrics": { tasks: string[]; metrics?: (Record<string, unknown>)[] | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The metrics of a task's vectors, and their variants. */
  "events.get_vector_metrics_and_variants": { task: string; model_events?: boolean | null } & Record<string, unknown>;
  /** The last thousand iterations at which each of some tasks reported plots or images, of one metric and variant or of all; in order. */
  "events.iterations": { tasks: string[]; event_type?: string | null; metric?: string | null; variant?: string | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The scalars of several tasks as curves, by metric, variant and task. */
  "events.multi_task_scalar_metrics_iter_histogram": { tasks: string[]; samples?: number | null; key?: string | null; metrics?: (Record<string, unknown>)[] | null; model_events?: boolean | null; bands?: boolean | null; between?: number[] | null } & Record<string, unknown>;
  /** The debug image before or after the one that a viewer shows. */
  "events.next_debug_image_sample": { task: string; scroll_id: string; navigate_earlier?: boolean | null; next_iteration?: boolean | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The plots before or after those that a viewer shows. */
  "events.next_plot_sample": { task: string; scroll_id: string; navigate_earlier?: boolean | null; next_iteration?: boolean | null; model_events?: boolean | null } & Record<string, unknown>;
  /** Plots by task and iteration, the newest first. */
  "events.plots": { metrics: (Record<string, unknown>)[]; iters?: number | null; navigate_earlier?: boolean | null; refresh?: boolean | null; scroll_id?: string | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The scalars of a task as curves of at most about `samples` points, by metric and variant; with `bands`, means and extremes. */
  "events.scalar_metrics_iter_histogram": { task: string; samples?: number | null; key?: string | null; metrics?: (Record<string, unknown>)[] | null; model_events?: boolean | null; bands?: boolean | null; between?: number[] | null } & Record<string, unknown>;
  /** Every point of a metric, in pages. */
  "events.scalar_metrics_iter_raw": { task: string; metric: Record<string, unknown>; key?: string | null; batch_size?: number | null; count_total?: boolean | null; scroll_id?: string | null; model_events?: boolean | null } & Record<string, unknown>;
  /** The vectors of a metric and variant, by iteration. */
  "events.vector_metrics_iter_histogram": { task: string; metric: string; variant: string; model_events?: boolean | null } & Record<string, unknown>;
  /** The files in a folder and all below it, by their names; `next` is the `after` that goes on. */
  "files.list": { folder?: string | null; after?: string | null; limit?: number | null } & Record<string, unknown>;
  /** An address by which anybody may read or write one file for some time. */
  "files.sign": { path: string; method?: string | null; expires_sec?: number | null } & Record<string, unknown>;
  /** Revoke the token of this call. */
  "login.logout": Record<string, unknown>;
  /** How people sign in here. */
  "login.supported_modes": Record<string, unknown>;
  /** Set metadata of a model. */
  "models.add_or_update_metadata": { model: string; metadata: (Record<string, unknown>)[]; replace_metadata?: boolean | null } & Record<string, unknown>;
  /** Put models out of sight, each that can be. */
  "models.archive_many": { ids: string[] } & Record<string, unknown>;
  /** Make a model. */
  "models.create": { uri: string; name: string } & Record<string, unknown>;
  /** Delete a model; one that is published, or that tasks take, only by force. */
  "models.delete": { model: string; force?: boolean | null } & Record<string, unknown>;
  /** Delete models, each that can be; those that are published or taken only by force. */
  "models.delete_many": { ids: string[]; force?: boolean | null } & Record<string, unknown>;
  /** Remove metadata of a model. */
  "models.delete_metadata": { model: string; keys: string[] } & Record<string, unknown>;
  /** Replace what a model is made of. */
  "models.edit": { model: string; iteration?: number | null } & Record<string, unknown>;
  /** The models that fit a query. */
  "models.get_all": Record<string, unknown>;
  /** The models that fit a query, with the names of what they point to. */
  "models.get_all_ex": Record<string, unknown>;
  /** Everything about one model. */
  "models.get_by_id": { model: string } & Record<string, unknown>;
  /** Models by their ids, with the names of what they point to. */
  "models.get_by_id_ex": Record<string, unknown>;
  /** The last model that a task made. */
  "models.get_by_task_id": { task: string } & Record<string, unknown>;
  /** The frameworks that models were made with. */
  "models.get_frameworks": { projects?: string[] | null } & Record<string, unknown>;
  /** Nothing: everybody on this server belongs to the one company. */
  "models.make_private": { ids?: string[] | null } & Record<string, unknown>;
  /** Nothing: everybody on this server belongs to the one company. */
  "models.make_public": { ids?: string[] | null } & Record<string, unknown>;
  /** Let models lie in another project. */
  "models.move": { ids: string[]; project?: string | null; project_name?: string | null } & Record<string, unknown>;
  /** Publish models, each that can be. */
  "models.publish_many": { ids: string[]; publish_tasks?: boolean | null; force_publish_task?: boolean | null } & Record<string, unknown>;
  /** Publish a model. */
  "models.set_ready": { model: string; publish_task?: boolean | null; force_publish_task?: boolean | null } & Record<string, unknown>;
  /** Bring archived models back, each that can be. */
  "models.unarchive_many": { ids: string[] } & Record<string, unknown>;
  /** Change what is said of a model. */
  "models.update": { model: string; iteration?: number | null } & Record<string, unknown>;
  /** Make or change the model that a task puts out. */
  "models.update_for_task": { task: string; uri?: string | null; override_model_id?: string | null; iteration?: number | null } & Record<string, unknown>;
  /** Add tags to models and take others away. */
  "models.update_tags": { ids: string[]; add_tags?: string[] | null; remove_tags?: string[] | null } & Record<string, unknown>;
  /** The table that was asked for before, as CSV. */
  "organization.download_for_get_all": { prepare_id: string } & Record<string, unknown>;
  /** How many documents fit each of several queries. */
  "organization.get_entities_count": Record<string, unknown>;
  /** For how many seconds the tasks of projects ran, by project, user and queue. */
  "organization.get_project_usages": { projects: string[]; from_date: string; to_date: string } & Record<string, unknown>;
  /** The tags of tasks, models and projects. */
  "organization.get_tags": { include_system?: boolean | null; filter?: Record<string, unknown> | null } & Record<string, unknown>;
  /** The one company that there is. */
  "organization.get_user_companies": Record<string, unknown>;
  /** Say what is to be in a table; the answer names it for the download. */
  "organization.prepare_download_for_get_all": { entity_type: string; field_mappings: (Record<string, unknown>)[] } & Record<string, unknown>;
  /** Delete runs of a pipeline with their steps. */
  "pipelines.delete_runs": { ids: string[]; project: string } & Record<string, unknown>;
  /** The pipelines that have runs, each with its last ones. */
  "pipelines.find": { text?: string | null; archived?: boolean | null; order?: string | null; page?: number | null; page_size?: number | null } & Record<string, unknown>;
  /** Run a pipeline again, with other arguments. */
  "pipelines.start_pipeline": { task: string; queue?: string | null; args?: (Record<string, unknown>)[] | null; verify_watched_queue?: boolean | null } & Record<string, unknown>;
  /** Make a project, with all those above it; the one that there is if it exists already. */
  "projects.create": { name: string; description?: string | null; tags?: string[] | null; system_tags?: string[] | null; default_output_destination?: string | null } & Record<string, unknown>;
  /** Delete a project. */
  "projects.delete": { project: string; force?: boolean | null; delete_contents?: boolean | null; delete_external_artifacts?: boolean | null } & Record<string, unknown>;
  /** The projects that fit a query. */
  "projects.get_all": Record<string, unknown>;
  /** The projects that fit a query, with what lies in them if that is wanted. */
  "projects.get_all_ex": { include_stats?: boolean | null; include_dataset_stats?: boolean | null; stats_with_children?: boolean | null; check_own_contents?: boolean | null } & Record<string, unknown>;
  /** One project. */
  "projects.get_by_id": { project: string } & Record<string, unknown>;
  /** The names of hyperparameters that tasks of a project have. */
  "projects.get_hyper_parameters": { project: string; page?: number | null; page_size?: number | null; include_subprojects?: boolean | null } & Record<string, unknown>;
  /** The values that a hyperparameter has. */
  "projects.get_hyperparam_values": { section: string; name: string; projects?: string[] | null; include_subprojects?: boolean | null; page?: number | null; page_size?: number | null; pattern?: string | null } & Record<string, unknown>;
  /** The keys of metadata that models of a project have. */
  "projects.get_model_metadata_keys": { project: string; include_subprojects?: boolean | null; page?: number | null; page_size?: number | null } & Record<string, unknown>;
  /** The values that a key of metadata has in models. */
  "projects.get_model_metadata_values": { key: string; projects?: string[] | null; include_subprojects?: boolean | null; page?: number | null; page_size?: number | null } & Record<string, unknown>;
  /** The tags of models. */
  "projects.get_model_tags": { projects?: string[] | null; include_system?: boolean | null; filter?: Record<string, unknown> | null } & Record<string, unknown>;
  /** The tags of projects. */
  "projects.get_project_tags": { projects?: string[] | null; include_system?: boolean | null; filter?: Record<string, unknown> | null } & Record<string, unknown>;
  /** The roles that accounts have in a project itself. */
  "projects.get_roles": { project: string } & Record<string, unknown>;
  /** The parents that tasks have. */
  "projects.get_task_parents": { projects?: string[] | null; include_subprojects?: boolean | null; tasks_state?: string | null; task_name?: string | null } & Record<string, unknown>;
  /** The tags of tasks. */
  "projects.get_task_tags": { projects?: string[] | null; include_system?: boolean | null; filter?: Record<string, unknown> | null } & Record<string, unknown>;
  /** The metrics and variants that tasks or models of a project reported. */
  "projects.get_unique_metric_variants": { project?: string | null; include_subprojects?: boolean | null; model_metrics?: boolean | null; ids?: string[] | null } & Record<string, unknown>;
  /** Who made tasks or models. */
  "projects.get_user_names": { projects?: string[] | null; include_subprojects?: boolean | null; entity?: string | null } & Record<string, unknown>;
  /** Nothing: everybody on this server belongs to the one company. */
  "projects.make_private": { ids?: string[] | null } & Record<string, unknown>;
  /** Nothing: everybody on this server belongs to the one company. */
  "projects.make_public": { ids?: string[] | null } & Record<string, unknown>;
  /** Let everything in a project lie in another one. */
  "projects.merge": { project: string; destination_project: string } & Record<string, unknown>;
  /** Let a project lie in another one, or at the top. */
  "projects.move": { project: string; new_location: string } & Record<string, unknown>;
  /** Give an account a role in a project and below it: none, viewer, member or admin; without one, what holds above it. */
  "projects.set_role": { project: string; user: string; role?: string | null } & Record<string, unknown>;
  /** Change what is said of a project; the name only within the same project above. */
  "projects.update": { project: string; name?: string | null; description?: string | null; tags?: string[] | null; system_tags?: string[] | null; default_output_destination?: string | null } & Record<string, unknown>;
  /** What would be deleted with a project. */
  "projects.validate_delete": { project: string } & Record<string, unknown>;
  /** Set metadata of a queue. */
  "queues.add_or_update_metadata": { queue: string; metadata: (Record<string, unknown>)[]; replace_metadata?: boolean | null } & Record<string, unknown>;
  /** Put a task at the end of a queue without touching its state. */
  "queues.add_task": { queue: string; task: string; update_execution_queue?: boolean | null } & Record<string, unknown>;
  /** Take all tasks out of a queue. */
  "queues.clear_queue": { queue: string } & Record<string, unknown>;
  /** Make a queue. */
  "queues.create": { name: string; display_name?: string | null; tags?: string[] | null; system_tags?: string[] | null; metadata?: Record<string, unknown> | null } & Record<string, unknown>;
  /** Delete a queue. */
  "queues.delete": { queue: string; force?: boolean | null } & Record<string, unknown>;
  /** Remove metadata of a queue. */
  "queues.delete_metadata": { queue: string; keys: string[] } & Record<string, unknown>;
  /** The queues that fit a query. */
  "queues.get_all": { max_task_entries?: number | null } & Record<string, unknown>;
  /** The queues that fit a query, with the names of the tasks that wait and the workers that look into them. */
  "queues.get_all_ex": { max_task_entries?: number | null } & Record<string, unknown>;
  /** A queue with what waits in it. */
  "queues.get_by_id": { queue: string; max_task_entries?: number | null } & Record<string, unknown>;
  /** The queue that is used when none is named. */
  "queues.get_default": Record<string, unknown>;
  /** Take the next task out of a queue; one worker gets it. */
  "queues.get_next_task": { queue: string; get_task_info?: boolean | null } & Record<string, unknown>;
  /** How many tasks wait in a queue. */
  "queues.get_num_entries": { queue: string } & Record<string, unknown>;
  /** How long tasks waited, and how many, over time. */
  "queues.get_queue_metrics": { from_date: number; to_date: number; interval: number; queue_ids?: string[] | null } & Record<string, unknown>;
  /** Let a task come later. */
  "queues.move_task_backward": { queue: string; task: string; count?: number | null } & Record<string, unknown>;
  /** Let a task come earlier. */
  "queues.move_task_forward": { queue: string; task: string; count?: number | null } & Record<string, unknown>;
  /** Let a task be the last one. */
  "queues.move_task_to_back": { queue: string; task: string } & Record<string, unknown>;
  /** Let a task be the next one. */
  "queues.move_task_to_front": { queue: string; task: string } & Record<string, unknown>;
  /** The next task of a queue, which stays there. */
  "queues.peek_task": { queue: string } & Record<string, unknown>;
  /** Take a task out of a queue. */
  "queues.remove_task": { queue: string; task: string; update_task_status?: boolean | null } & Record<string, unknown>;
  /** Change what is said of a queue. */
  "queues.update": { queue: string; name?: string | null; display_name?: string | null; tags?: string[] | null; system_tags?: string[] | null; metadata?: Record<string, unknown> | null } & Record<string, unknown>;
  /** Put a report out of sight. */
  "reports.archive": { task: string; comment?: string | null } & Record<string, unknown>;
  /** Write a report about a project. */
  "reports.create": { name: string; project?: string | null; report?: string | null; comment?: string | null; tags?: string[] | null; report_assets?: string[] | null } & Record<string, unknown>;
  /** Delete a report. */
  "reports.delete": { task: string; force?: boolean | null } & Record<string, unknown>;
  /** The reports that fit a query. */
  "reports.get_all_ex": Record<string, unknown>;
  /** The tags of reports. */
  "reports.get_tags": Record<string, unknown>;
  /** Tasks that fit a query, with what of their events a report shows. */
  "reports.get_task_data": { plots?: Record<string, unknown> | null; debug_images?: Record<string, unknown> | null; scalar_metrics_iter_histogram?: Record<string, unknown> | null; single_value_metrics?: Record<string, unknown> | null; model_events?: boolean | null } & Record<string, unknown>;
  /** Let a report be about another project. */
  "reports.move": { task: string; project?: string | null; project_name?: string | null } & Record<string, unknown>;
  /** Publish a report. */
  "reports.publish": { task: string; comment?: string | null } & Record<string, unknown>;
  /** Bring a report back. */
  "reports.unarchive": { task: string; comment?: string | null } & Record<string, unknown>;
  /** Write a report anew, if nobody has changed it since a time; a published one stays as it is. */
  "reports.update": { task: string; unchanged_since?: string | null } & Record<string, unknown>;
  /** Who changed what, the newest first. */
  "server.audit_log": { before?: number | null; limit?: number | null } & Record<string, unknown>;
  /** Which calls there are. */
  "server.endpoints": Record<string, unknown>;
  /** How much there is on this server. */
  "server.get_stats": Record<string, unknown>;
  /** What this server is. */
  "server.info": Record<string, unknown>;
  /** Whether statistics are sent to somebody: never. */
  "server.report_stats_option": { enabled?: boolean | null } & Record<string, unknown>;
  /** A serving container is alive, and says how much it does. */
  "serving.container_status_report": { container_id: string; endpoint_name: string; model_name: string } & Record<string, unknown>;
  /** The containers behind one address. */
  "serving.get_endpoint_details": { endpoint_url: string } & Record<string, unknown>;
  /** What the containers behind one address reported, over time. */
  "serving.get_endpoint_metrics_history": { endpoint_url: string; from_date: number; to_date: number; interval: number; metric_type?: string | null; instance_charts?: boolean | null } & Record<string, unknown>;
  /** What is served, and how much it is used. */
  "serving.get_endpoints": Record<string, unknown>;
  /** The containers that have not said yet that they serve. */
  "serving.get_loading_instances": Record<string, unknown>;
  /** A serving container begins. */
  "serving.register_container": { container_id: string; endpoint_name: string; model_name: string; timeout?: number | null } & Record<string, unknown>;
  /** A serving container ends. */
  "serving.unregister_container": { container_id: string } & Record<string, unknown>;
  /** The accounts of object stores that this server deletes files with; secrets are not shown. */
  "storage.get_settings": Record<string, unknown>;
  /** Forget the accounts of object stores. */
  "storage.reset_settings": { keys?: string[] | null } & Record<string, unknown>;
  /** Set the accounts of object stores. */
  "storage.set_settings": { aws?: Record<string, unknown> | null; google?: Record<string, unknown> | null; azure?: Record<string, unknown> | null } & Record<string, unknown>;
  /** Note that a task uses a dataset version; its names are given in case that it is gone by now. */
  "tasks.add_dataset": { task: string; dataset: string; alias?: string | null; project?: string | null; name?: string | null; version?: string | null } & Record<string, unknown>;
  /** Add artifacts, in place of those with the same key and mode. */
  "tasks.add_or_update_artifacts": { task: string; artifacts: (Record<string, unknown>)[]; force?: boolean | null } & Record<string, unknown>;
  /** Add a model that a task takes or makes. */
  "tasks.add_or_update_model": { task: string; name: string; model: string; type: string; iteration?: number | null } & Record<string, unknown>;
  /** Put tasks out of sight. */
  "tasks.archive": { tasks: string[]; status_reason?: string | null; status_message?: string | null } & Record<string, unknown>;
  /** Put tasks out of sight, each that can be. */
  "tasks.archive_many": { ids: string[]; status_reason?: string | null; status_message?: string | null } & Record<string, unknown>;
  /** Copy a task without what its run made. */
  "tasks.clone": { task: string; new_project_name?: string | null } & Record<string, unknown>;
  /** A task is closed. */
  "tasks.close": { task: string; force?: boolean | null; status_reason?: string | null; status_message?: string | null } & Record<string, unknown>;
  /** A task came to its end. */
  "tasks.completed": { task: string; force?: boolean | null; status_reason?: string | null; status_message?: string | null; publish?: boolean | null } & Record<string, unknown>;
  /** Make a task. */
  "tasks.create": { name: string; type: string } & Record<string, unknown>;
  /** Delete a task and what it owned. */
  "tasks.delete": { task: string; force?: boolean | null; delete_output_models?: boolean | null; delete_external_artifacts?: boolean | null; return_file_urls?: boolean | null; include_pipeline_steps?: boolean | null } & Record<string, unknown>;
  /** Remove artifacts. */
  "tasks.delete_artifacts": { task: string; artifacts: (Record<string, unknown>)[]; force?: boolean | null } & Record<string, unknown>;
  /** Remove configurations. */
  "tasks.delete_configuration": { task: string; configuration: string[]; force?: boolean | null } & Record<string, unknown>;
  /** Remove hyperparameters. */
  "tasks.delete_hyper_params": { task: string; hyperparams: (Record<string, unknown>)[]; force?: boolean | null } & Record<string, unknown>;
  /** Delete tasks and what they owned, each that can be. */
  "tasks.delete_many": { ids: string[]; force?: boolean | null; delete_output_models?: boolean | null; delete_external_artifacts?: boolean | null; return_file_urls?: boolean | null } & Record<string, unknown>;
  /** Take models out of a task. */
  "tasks.delete_models": { task: string; models: (Record<string, unknown>)[] } & Record<string, unknown>;
  /** Take a task out of its queue. */
  "tasks.dequeue": { task: string; status_reason?: string | null; status_message?: string | null; new_status?: string | null } & Record<string, unknown>;
  /** Take tasks out of their queues, each that can be. */
  "tasks.dequeue_many": { ids: string[]; status_reason?: string | null; status_message?: string | null; new_status?: string | null } & Record<string, unknown>;
  /** Replace what a task is made of. */
  "tasks.edit": { task: string; force?: boolean | null } & Record<string, unknown>;
  /** Set configurations. */
  "tasks.edit_configuration": { task: string; configuration: (Record<string, unknown>)[]; replace_configuration?: boolean | null; force?: boolean | null } & Record<string, unknown>;
  /** Set hyperparameters. */
  "tasks.edit_hyper_params": { task: string; hyperparams: (Record<string, unknown>)[]; replace_hyperparams?: string | null; force?: boolean | null } & Record<string, unknown>;
  /** Set runtime properties and remove others. */
  "tasks.edit_runtime": { task: string; add_or_update?: Record<string, unknown> | null; remove?: string[] | null; force?: boolean | null } & Record<string, unknown>;
  /** Put a task at the end of a queue. */
  "tasks.enqueue": { task: string; queue?: string | null; queue_name?: string | null; status_reason?: string | null; status_message?: string | null; verify_watched_queue?: boolean | null; update_execution_queue?: boolean | null } & Record<string, unknown>;
  /** Put tasks at the end of a queue, each that can be. */
  "tasks.enqueue_many": { ids: string[]; queue?: string | null; queue_name?: string | null; status_reason?: string | null; status_message?: string | null; verify_watched_queue?: boolean | null } & Record<string, unknown>;
  /** A task failed. */
  "tasks.failed": { task: string; force?: boolean | null; status_reason?: string | null; status_message?: string | null } & Record<string, unknown>;
  /** The tasks that fit a query. */
  "tasks.get_all": Record<string, unknown>;
  /** The tasks that fit a query, with the names of their projects, users and parents. */
  "tasks.get_all_ex": Record<string, unknown>;
  /** Everything about one task. */
  "tasks.get_by_id": { task: string } & Record<string, unknown>;
  /** Tasks by their ids, with the names of what they point to. */
  "tasks.get_by_id_ex": Record<string, unknown>;
  /** The names of the configurations of tasks. */
  "tasks.get_configuration_names": { tasks: string[]; skip_empty?: boolean | null } & Record<string, unknown>;
  /** The configurations of tasks. */
  "tasks.get_configurations": { tasks: string[]; names?: string[] | null } & Record<string, unknown>;
  /** The hyperparameters of tasks as flat lists. */
  "tasks.get_hyper_params": { tasks: string[] } & Record<string, unknown>;
  /** The types that tasks have, in some projects or in all. */
  "tasks.get_types": { projects?: string[] | null } & Record<string, unknown>;
  /** Nothing: everybody on this server belongs to the one company. */
  "tasks.make_private": { ids?: string[] | string | null } & Record<string, unknown>;
  /** Nothing: everybody on this server belongs to the one company. */
  "tasks.make_public": { ids?: string[] | string | null } & Record<string, unknown>;
  /** Let tasks lie in another project. */
  "tasks.move": { ids: string[]; project?: string | null; project_name?: string | null } & Record<string, unknown>;
  /** Say that a task is alive. */
  "tasks.ping": { task: string } & Record<string, unknown>;
  /** Publish a task and its models. */
  "tasks.publish": { task: string; force?: boolean | null; status_reason?: string | null; status_message?: string | null; publish_model?: boolean | null } & Record<string, unknown>;
  /** Publish tasks, each that can be. */
  "tasks.publish_many": { ids: string[]; force?: boolean | null; status_reason?: string | null; status_message?: string | null; publish_model?: boolean | null } & Record<string, unknown>;
  /** Make a task as it was before it ran. */
  "tasks.reset": { task: string; force?: boolean | null; clear_all?: boolean | null; delete_output_models?: boolean | null; delete_external_artifacts?: boolean | null; return_file_urls?: boolean | null } & Record<string, unknown>;
  /** Make tasks as they were before they ran, each that can be. */
  "tasks.reset_many": { ids: string[]; force?: boolean | null; clear_all?: boolean | null; delete_output_models?: boolean | null; delete_external_artifacts?: boolean | null; return_file_urls?: boolean | null } & Record<string, unknown>;
  /** Replace the packages that a task needs. */
  "tasks.set_requirements": { task: string; requirements: unknown } & Record<string, unknown>;
  /** Refused: who may see a task is said by roles in its project. */
  "tasks.share": { tasks?: string[] | null; share?: boolean | null } & Record<string, unknown>;
  /** A task runs. */
  "tasks.started": { task: string; force?: boolean | null; status_reason?: string | null; status_message?: string | null } & Record<string, unknown>;
  /** Stop a task, or ask whoever runs it to stop it. */
  "tasks.stop": { task: string; force?: boolean | null; status_reason?: string | null; status_message?: string | null } & Record<string, unknown>;
  /** Stop tasks, each that can be. */
  "tasks.stop_many": { ids: string[]; force?: boolean | null; status_reason?: string | null; status_message?: string | null } & Record<string, unknown>;
  /** A task was stopped. */
  "tasks.stopped": { task: string; force?: boolean | null; status_reason?: string | null; status_message?: string | null } & Record<string, unknown>;
  /** Bring archived tasks back, each that can be. */
  "tasks.unarchive_many": { ids: string[]; status_reason?: string | null; status_message?: string | null } & Record<string, unknown>;
  /** Change what is said of a task. */
  "tasks.update": { task: string } & Record<string, unknown>;
  /** Change what is said of several tasks. */
  "tasks.update_batch": Record<string, unknown>;
  /** Add tags to tasks and take others away. */
  "tasks.update_tags": { ids: string[]; add_tags?: string[] | null; remove_tags?: string[] | null } & Record<string, unknown>;
  /** The tasks that used a dataset version, and the models that they made. */
  "tasks.using_dataset": { dataset: string } & Record<string, unknown>;
  /** Check what a task is to be made of. */
  "tasks.validate": { name: string; type: string } & Record<string, unknown>;
  /** Make an account with an id of the caller's choice. */
  "users.create": { id: string; name: string; company?: string | null } & Record<string, unknown>;
  /** Delete an account; what it made stays. */
  "users.delete": { user: string } & Record<string, unknown>;
  /** All accounts. */
  "users.get_all": { id?: string[] | null; name?: string | null; page?: number | null; page_size?: number | null } & Record<string, unknown>;
  /** All accounts, or those that made something in some projects. */
  "users.get_all_ex": { id?: string[] | string | null; name?: string | null; active_in_projects?: string[] | null } & Record<string, unknown>;
  /** One account. */
  "users.get_by_id": { user: string } & Record<string, unknown>;
  /** Who the caller is. */
  "users.get_current_user": Record<string, unknown>;
  /** What the caller's page remembers. */
  "users.get_preferences": Record<string, unknown>;
  /** Put into what the caller's page remembers. */
  "users.set_preferences": { preferences: Record<string, unknown>; return_updated?: boolean | null } & Record<string, unknown>;
  /** Give an account another name or e-mail address: one's own, or any for administrators. */
  "users.update": { user: string; name?: string | null; email?: string | null } & Record<string, unknown>;
  /** What was committed in the repository for a task that ClearML's client made as a version of a dataset. */
  "versions.adopt": { id: string; parents?: string[]; entries: number; size_bytes: number; root: string; changes: unknown } & Record<string, unknown>;
  /** Whatever is to be done with one version. */
  "versions.archive": { id: string } & Record<string, unknown>;
  /** Begin a version; the caller may have chosen its id. */
  "versions.create": { name: string; id?: string | null; project?: string | null; version?: string | null; parents?: string[]; tags?: string[]; description?: string | null; author?: string; storage?: string; use_task?: boolean } & Record<string, unknown>;
  /** Which datasets are wanted, in which order, and which page of them. */
  "versions.datasets": { text?: string; tags?: string[]; archived?: boolean; order?: string; page?: number; page_size?: number } & Record<string, unknown>;
  /** Whatever is to be done with one version. */
  "versions.delete": { id: string } & Record<string, unknown>;
  /** Whatever is to be done with one version. */
  "versions.get": { id: string } & Record<string, unknown>;
  /** What is to be attached to a version. */
  "versions.get_metadata": { id: string; name: string; kind?: string; value?: string } & Record<string, unknown>;
  /** A version, or a dataset, whose ancestors are wanted. */
  "versions.lineage": { id?: string | null; whole?: boolean; project?: string | null; name?: string | null } & Record<string, unknown>;
  /** A dataset and its new project. */
  "versions.move": { project: string; name: string; new_project: string } & Record<string, unknown>;
  /** How many of the newest versions are wanted. */
  "versions.newest": { limit?: number } & Record<string, unknown>;
  /** Whatever is to be done with one version. */
  "versions.publish": { id: string } & Record<string, unknown>;
  /** What was committed in the repository. */
  "versions.register": { id: string; entries: number; size_bytes: number; root: string; changes: unknown; finished: string } & Record<string, unknown>;
  /** A name under which a version is to be found. */
  "versions.remove_alias": { id: string; alias: string } & Record<string, unknown>;
  /** A dataset and its new name. */
  "versions.rename": { project: string; name: string; new_name: string } & Record<string, unknown>;
  /** What a person wrote to mean a version, or its parts. */
  "versions.resolve": { reference?: string | null; project?: string | null; name?: string | null; version?: string | null; tags?: string[]; only_final?: boolean; only_published?: boolean; include_archived?: boolean } & Record<string, unknown>;
  /** Which versions are wanted, and which page of them. */
  "versions.search": { project?: string | null; name?: string | null; tags?: string[]; ids?: string[]; only_final?: boolean; recursive?: boolean; include_archived?: boolean; page?: number; page_size?: number } & Record<string, unknown>;
  /** A name under which a version is to be found. */
  "versions.set_alias": { id: string; alias: string } & Record<string, unknown>;
  /** What is to be attached to a version. */
  "versions.set_metadata": { id: string; name: string; kind?: string; value?: string } & Record<string, unknown>;
  /** Whatever is to be done with one version. */
  "versions.unarchive": { id: string } & Record<string, unknown>;
  /** What is to be changed beside the content; what is not given stays. */
  "versions.update": { id: string; description?: string; tags?: string[]; add_tags?: string[]; remove_tags?: string[] } & Record<string, unknown>;
  /** How many workers there were, and how many had a task, over time. */
  "workers.get_activity_report": { from_date: number; to_date: number; interval: number } & Record<string, unknown>;
  /** The workers that were seen lately. */
  "workers.get_all": { last_seen?: number | null; tags?: string[] | null; system_tags?: string[] | null; worker_pattern?: string | null } & Record<string, unknown>;
  /** How many workers were seen lately. */
  "workers.get_count": { last_seen?: number | null; tags?: string[] | null; system_tags?: string[] | null; worker_pattern?: string | null } & Record<string, unknown>;
  /** Which statistics workers reported. */
  "workers.get_metric_keys": { worker_ids?: string[] | null } & Record<string, unknown>;
  /** What workers reported of their machines, over time. */
  "workers.get_stats": { from_date: number; to_date: number; interval: number; items: (Record<string, unknown>)[]; worker_ids?: string[] | null; split_by_variant?: boolean | null } & Record<string, unknown>;
  /** A worker begins. */
  "workers.register": { worker: string; timeout?: number | null; queues?: string[] | null; tags?: string[] | null; system_tags?: string[] | null } & Record<string, unknown>;
  /** A worker is alive. */
  "workers.status_report": { worker: string; task?: string | null; queue?: string | null; queues?: string[] | null; machine_stats?: Record<string, unknown> | null; tags?: string[] | null; system_tags?: string[] | null } & Record<string, unknown>;
  /** A worker ends. */
  "workers.unregister": { worker: string } & Record<string, unknown>;
}

/** The documents of the liquid-IoT papers' prototype, as its orchestrators send them. */
import { list, name, optional, type Reader, record, shape, text, withDefault } from '../protocol/checked';

const url: Reader<string> = text(2048);
const anything: Reader<unknown> = (value) => value;

const parameter = shape({ name: text(100), in: withDefault(text(20), 'query') });
export const endpoint = shape({
  url,
  path: text(2048),
  method: withDefault(text(10), 'get'),
  request: withDefault(
    shape({ parameters: withDefault(list(parameter, 1000), []), request_body: optional(anything) }),
    { parameters: [] },
  ),
  response: optional(shape({ media_type: withDefault(text(100), 'application/json') })),
});
export type Endpoint = ReturnType<typeof endpoint>;

const mount = shape({ path: text(256), media_type: withDefault(text(100), 'application/octet-stream') });
const mounts = shape({
  execution: withDefault(list(mount, 256), []),
  deployment: withDefault(list(mount, 256), []),
  output: withDefault(list(mount, 256), []),
});
export type Mounts = ReturnType<typeof mounts>;

const module = shape({
  id: text(100),
  name,
  urls: shape({ binary: url, description: optional(url), other: withDefault(record(url), {}) }),
});
const step = shape({ from: optional(endpoint), to: optional(endpoint) });

export const papersDeployment = shape({
  deploymentId: name,
  modules: list(module, 256),
  endpoints: withDefault(record(record(endpoint)), {}),
  instructions: withDefault(shape({ modules: withDefault(record(record(step)), {}) }), { modules: {} }),
  mounts: withDefault(record(record(mounts)), {}),
});
export type PapersDeployment = ReturnType<typeof papersDeployment>;

/** One request, as `/request-history` tells it. */
export interface HistoryEntry {
  readonly request_id: string;
  readonly deployment_id: string;
  readonly module_name: string;
  readonly function_name: string;
  readonly method: string;
  readonly request_args: readonly string[];
  readonly request_files: Readonly<Record<string, string>>;
  readonly work_queued_at: string;
  result: unknown;
  success: boolean;
}

/** Calls of WASI preview 1: capabilities are matched by name. */
export const WASI_NAMES = (
  'args_get args_sizes_get clock_res_get clock_time_get environ_get environ_sizes_get fd_advise fd_allocate fd_close ' +
  'fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size ' +
  'fd_filestat_set_times fd_pread fd_prestat_dir_name fd_prestat_get fd_pwrite fd_read fd_readdir fd_renumber fd_seek ' +
  'fd_sync fd_tell fd_write path_create_directory path_filestat_get path_filestat_set_times path_link path_open ' +
  'path_readlink path_remove_directory path_rename path_symlink path_unlink_file poll_oneoff proc_exit proc_raise ' +
  'random_get sched_yield sock_accept sock_recv sock_send sock_shutdown'
).split(' ');

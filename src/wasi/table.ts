/** Every call of wasi_snapshot_preview1: one row each (name, parameters, handler). wasi_unstable has the same rows. */
import { PREVIEW1, UNSTABLE } from './abi';
import * as directory from './calls/directory';
import * as io from './calls/io';
import * as open from './calls/open';
import * as path from './calls/path';
import * as poll from './calls/poll';
import * as proc from './calls/process';
import * as socket from './calls/socket';
import * as stat from './calls/stat';
import type { Handler } from './context';

export interface CallRow {
  readonly name: string;
  /** One letter a parameter: `i` an i32, `I` an i64. */
  readonly params: string;
  readonly handler: Handler;
  /** Whether it may have to wait: for a stream, a clock or somebody at the other end. */
  readonly waits: boolean;
}

/** The result of every call is an errno (i32), but for this one, which does not return. */
export const NO_RESULT = 'proc_exit';

/** The two published versions by the module name under which programs import them. */
export const LAYOUTS = [PREVIEW1, UNSTABLE] as const;

function row(name: string, params: string, handler: Handler, waits = false): CallRow {
  return { name, params, handler, waits };
}

// biome-ignore format: a table
export const CALLS: readonly CallRow[] = [
  row('args_get',                'ii',        proc.argsGet),
  row('args_sizes_get',          'ii',        proc.argsSizesGet),
  row('environ_get',             'ii',        proc.environGet),
  row('environ_sizes_get',       'ii',        proc.environSizesGet),
  row('clock_res_get',           'ii',        proc.clockResGet),
  row('clock_time_get',          'iIi',       proc.clockTimeGet),
  row('fd_advise',               'iIIi',      stat.fdAdvise),
  row('fd_allocate',             'iII',       stat.fdAllocate),
  row('fd_close',                'i',         io.fdClose),
  row('fd_datasync',             'i',         io.fdDatasync),
  row('fd_fdstat_get',           'ii',        stat.fdFdstatGet),
  row('fd_fdstat_set_flags',     'ii',        io.fdFdstatSetFlags),
  row('fd_fdstat_set_rights',    'iII',       stat.fdFdstatSetRights),
  row('fd_filestat_get',         'ii',        stat.fdFilestatGet),
  row('fd_filestat_set_size',    'iI',        stat.fdFilestatSetSize),
  row('fd_filestat_set_times',   'iIIi',      stat.fdFilestatSetTimes),
  row('fd_pread',                'iiiIi',     io.fdPread),
  row('fd_prestat_get',          'ii',        stat.fdPrestatGet),
  row('fd_prestat_dir_name',     'iii',       stat.fdPrestatDirName),
  row('fd_pwrite',               'iiiIi',     io.fdPwrite),
  row('fd_read',                 'iiii',      io.fdRead, true),
  row('fd_readdir',              'iiiIi',     directory.fdReaddir),
  row('fd_renumber',             'ii',        io.fdRenumber),
  row('fd_seek',                 'iIii',      io.fdSeek),
  row('fd_sync',                 'i',         io.fdSync),
  row('fd_tell',                 'ii',        io.fdTell),
  row('fd_write',                'iiii',      io.fdWrite, true),
  row('path_create_directory',   'iii',       path.pathCreateDirectory),
  row('path_filestat_get',       'iiiii',     path.pathFilestatGet),
  row('path_filestat_set_times', 'iiiiIIi',   path.pathFilestatSetTimes),
  row('path_link',               'iiiiiii',   path.pathLink),
  row('path_open',               'iiiiiIIii', open.pathOpen),
  row('path_readlink',           'iiiiii',    path.pathReadlink),
  row('path_remove_directory',   'iii',       path.pathRemoveDirectory),
  row('path_rename',             'iiiiii',    path.pathRename),
  row('path_symlink',            'iiiii',     path.pathSymlink),
  row('path_unlink_file',        'iii',       path.pathUnlinkFile),
  row('poll_oneoff',             'iiii',      poll.pollOneoff, true),
  row('proc_exit',               'i',         proc.procExit),
  row('proc_raise',              'i',         proc.procRaise),
  row('random_get',              'ii',        proc.randomGet),
  row('sched_yield',             '',          proc.schedYield),
  row('sock_accept',             'iii',       socket.sockAccept, true),
  row('sock_recv',               'iiiiii',    socket.sockRecv, true),
  row('sock_send',               'iiiii',     socket.sockSend, true),
  row('sock_shutdown',           'ii',        socket.sockShutdown),
];

/** [deploy]: what is released, in which order, and how many hosts at a time. */
import { directive } from '../../../syntax/directive.js'
import * as form from '../forms.js'

const DAY = 86_400

export const deploySection = {
  application: directive({
    arg: form.name,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'name of what is released; locks, journals and history are kept under it',
  }),
  deploy_to: directive({
    arg: form.absolutePath,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'folder on the web hosts that holds releases/, shared/ and the link current',
  }),
  source: directive({
    arg: form.text,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'what is released: a folder or a .tar.gz, relative to deploy.cf; `--from` replaces it',
  }),
  source_cmd: directive({
    arg: form.text,
    default: null,
    repeat: 'once',
    support: 'acts',
    summary: 'shell command run here, in the folder of deploy.cf, before source is read',
  }),
  keep: directive({
    arg: form.whole(1, 1000),
    default: 5,
    repeat: 'once',
    support: 'acts',
    summary: 'releases that `prune` leaves on each host besides the current and the last good one',
  }),
  order: directive({
    arg: form.oneOf('config', 'weight-asc', 'name'),
    default: 'config',
    repeat: 'once',
    support: 'acts',
    summary: 'order of the hosts: as in the file, the least weight first, or by name',
  }),
  batch: directive({
    arg: form.batches,
    default: [{ count: 1 }],
    defaultText: '1',
    repeat: 'once',
    support: 'acts',
    summary: 'sizes of the batches; the last one is repeated, a percentage is of the hosts that are left',
  }),
  canary_wait: directive({
    arg: form.seconds(0, DAY),
    default: 0,
    repeat: 'once',
    support: 'acts',
    summary: 'pause after the first batch',
  }),
  min_up: directive({
    arg: form.share,
    default: { percent: 50 },
    defaultText: '50%',
    repeat: 'once',
    support: 'acts',
    summary: 'active weight that every virtual service keeps, as a sum of weights or a share of all of them',
  }),
  max_fail: directive({
    arg: form.whole(0, 1000),
    default: 0,
    repeat: 'once',
    support: 'acts',
    summary: 'hosts that may fail before the run stops',
  }),
  on_batch_fail: directive({
    arg: form.oneOf('stop', 'rollback_all'),
    default: 'stop',
    repeat: 'once',
    support: 'acts',
    summary: 'what happens to the hosts that are done when a later one fails',
  }),
  lock_ttl: directive({
    arg: form.seconds(6, 7 * DAY),
    default: 3600,
    repeat: 'once',
    support: 'acts',
    summary:
      'age at which the lock of an owner that is gone may be taken over, and its drains end by themselves; renewed three times as often',
  }),
  shared_dirs: directive({
    arg: form.relativePath,
    default: null,
    defaultText: 'none',
    repeat: 'accumulates',
    support: 'acts',
    summary: 'folder kept in shared/ and linked into each release',
  }),
  shared_files: directive({
    arg: form.relativePath,
    default: null,
    defaultText: 'none',
    repeat: 'accumulates',
    support: 'acts',
    summary: 'file kept in shared/ and linked into each release',
  }),
}

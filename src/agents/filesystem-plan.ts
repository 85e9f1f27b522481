/**
 * Filesystem's decisions: from its arguments and the mounts of this machine to mount and umount commands. A
 * filesystem is up when something is mounted on its directory, as in the original; unlike there, a start where
 * something else is mounted is refused.
 */

export interface FilesystemArguments {
  readonly device: string
  readonly directory: string
  readonly fstype: string | null
  readonly options: string | null
  /** Whether processes that keep the directory busy are ended. The original always ends them. */
  readonly forceUnmount: boolean
}

export interface Mount {
  readonly mountPoint: string
  readonly source: string
  /** `253:0`: the device number of the filesystem. */
  readonly device: string
}

const FSTYPE = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,31}$/

export function parseFilesystem(args: readonly string[]): FilesystemArguments | { readonly problem: string } {
  const isForce = (word: string | undefined): boolean => word?.startsWith('force_unmount=') === true
  const force = isForce(args.at(-1)) ? args.at(-1)?.slice('force_unmount='.length) : 'no'
  const [device = '', directoryText = '', fstype = '', options = '', extra] = isForce(args.at(-1))
    ? args.slice(0, -1)
    : args
  const directory = directoryText.replace(/(?<=.)\/+$/, '')
  if (device === '' || /[\0\n]/.test(device)) return { problem: 'Filesystem wants a device; found none' }
  if (device.startsWith('-') && !/^-[LU]\S+$/.test(device)) {
    return { problem: `Filesystem wants a device, -Llabel or -Uuuid; found "${device}"` }
  }
  if (!directory.startsWith('/') || directory === '/' || /[\0\n]/.test(directory)) {
    return { problem: `Filesystem wants an absolute directory below / ; found "${directoryText}"` }
  }
  if (directory.split('/').some(part => part === '..' || part === '.')) {
    return { problem: `Filesystem wants a directory without . and .. ; found "${directoryText}"` }
  }
  if (fstype !== '' && !FSTYPE.test(fstype)) {
    return { problem: `Filesystem wants a type such as ext4; found "${fstype}"` }
  }
  if (options.startsWith('-') || /[\0\n]/.test(options)) {
    return { problem: `Filesystem wants mount options such as rw,noatime; found "${options}"` }
  }
  if (extra !== undefined || !['no', 'yes', 'true', 'false'].includes(force ?? '')) {
    return {
      problem: `Filesystem wants force_unmount=yes or nothing behind its options; found "${extra ?? force}"`,
    }
  }
  return {
    device,
    directory: directory.replaceAll(/\/{2,}/g, '/'),
    fstype: fstype === '' ? null : fstype,
    options: options === '' ? null : options,
    forceUnmount: force === 'yes' || force === 'true',
  }
}

/** /proc/self/mountinfo (proc(5)): octal escapes in the fields, " - " before type and source. */
export function readMounts(mountinfo: string): Mount[] {
  const plain = (field: string): string =>
    field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  const mounts: Mount[] = []
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ', 2)
    const mountPoint = before.split(' ')[4]
    const source = after.split(' ')[1]
    if (mountPoint === undefined || source === undefined) continue
    mounts.push({ mountPoint: plain(mountPoint), source: plain(source), device: before.split(' ')[2] ?? '' })
  }
  return mounts
}

/** The mount that one sees at the directory: the last of several. */
export function mountAt(directory: string, mounts: readonly Mount[]): Mount | undefined {
  return mounts.findLast(mount => mount.mountPoint === directory)
}

/** Mount points at and below the directory, in the order in which they can be unmounted. */
export function unmountOrder(directory: string, mounts: readonly Mount[]): string[] {
  return mounts
    .filter(mount => mount.mountPoint === directory || mount.mountPoint.startsWith(`${directory}/`))
    .map(mount => mount.mountPoint)
    .toReversed()
}

/** Types that neither a journal nor a network server keeps in order: checked before each mount. */
const CHECKED = ['ext2', 'minix', 'vfat']

export function planFsck(asked: FilesystemArguments, isBlockDevice: boolean): string[] | null {
  if (!isBlockDevice || asked.fstype === null || !CHECKED.includes(asked.fstype)) return null
  return ['-t', asked.fstype, '-p', asked.device]
}

export function planMount(asked: FilesystemArguments): string[] {
  const { device, directory, fstype, options } = asked
  const isBind = options?.split(',').some(option => option === 'bind' || option === 'rbind') === true
  const type = fstype === null || (isBind && fstype === 'none') ? [] : ['-t', fstype]
  const with_ = options === null ? [] : ['-o', options]
  const what = /^-[LU]/.test(device) ? [device.slice(0, 2), device.slice(2)] : [device]
  return [...type, ...with_, ...what, directory]
}

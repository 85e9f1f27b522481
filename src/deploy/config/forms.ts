/** The argument forms of deploy.cf: how one text becomes one value, and what is said when it does not. */
import type { ArgForm } from '../../syntax/directive.js'

/** Text that could end a line or hide something on a terminal is refused where it enters. */
const CONTROL = /[\x00-\x1f\x7f]/

export const text: ArgForm<string> = {
  form: 'text',
  parse: value =>
    CONTROL.test(value) ? { wanted: 'printable text', found: 'a control character' } : { value },
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/
export const isName = (value: string): boolean => NAME.test(value)

export const name: ArgForm<string> = {
  form: 'name',
  parse: value =>
    isName(value) ? { value } : { wanted: 'a name of letters, digits, "_", "." and "-", at most 64' },
}

/** A folder that is ours to fill: never the root, never with a step upwards. */
export const absolutePath: ArgForm<string> = {
  form: '/path',
  parse: value => {
    const path = value.replace(/(?<=.)\/+$/, '')
    const isGood = path.startsWith('/') && path !== '/' && !path.split('/').includes('..')
    return isGood && !CONTROL.test(path) ? { value: path } : { wanted: 'a full path below / without ".."' }
  },
}

/** A path inside shared/ and inside each release. */
export const relativePath: ArgForm<string> = {
  form: 'path/inside',
  parse: value => {
    const path = value.replace(/\/+$/, '')
    const steps = path.split('/')
    const isGood = steps.every(step => step !== '' && step !== '.' && step !== '..')
    return isGood && !CONTROL.test(path)
      ? { value: path }
      : { wanted: 'a path inside the release, such as storage/upload' }
  },
}

export function whole(least: number, most: number, form = 'number'): ArgForm<number> {
  return {
    form,
    parse: value => {
      const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
      return number >= least && number <= most
        ? { value: number }
        : { wanted: `a whole number from ${least} to ${most}` }
    },
  }
}

export const seconds = (least: number, most: number): ArgForm<number> => ({
  ...whole(least, most, 'seconds'),
  parse: value => {
    const reading = whole(least, most).parse(value)
    return 'value' in reading ? reading : { wanted: `whole seconds from ${least} to ${most}` }
  },
})

export function oneOf<const T extends string>(...words: readonly T[]): ArgForm<T> {
  return {
    form: words.join(' | '),
    parse: value => {
      const found = words.find(word => word === value)
      return found === undefined ? { wanted: words.join(' or ') } : { value: found }
    },
  }
}

export const yesNo: ArgForm<boolean> = {
  form: 'yes | no',
  parse: value => (value === 'yes' || value === 'no' ? { value: value === 'yes' } : { wanted: 'yes or no' }),
}

/** A number of things, or a share of all of them. */
export type Share = { readonly count: number } | { readonly percent: number }

function shareOf(value: string): Share | null {
  const match = /^(\d{1,4})(%?)$/.exec(value.trim())
  if (match === null) return null
  const number = Number(match[1])
  if (match[2] === '') return { count: number }
  return number <= 100 ? { percent: number } : null
}

export const share: ArgForm<Share> = {
  form: 'N | N%',
  parse: value => {
    const found = shareOf(value)
    return found === null ? { wanted: 'a number or a percentage up to 100%' } : { value: found }
  },
}

/** `1,50%`: a first batch of one, then half of the rest each; the last size is repeated. */
export const batches: ArgForm<readonly Share[]> = {
  form: 'N | N%, ...',
  parse: value => {
    const sizes = value.split(',').map(shareOf)
    const known = sizes.filter(size => size !== null)
    const isGood =
      known.length === sizes.length && known.every(size => ('count' in size ? size.count : size.percent) > 0)
    return isGood ? { value: known } : { wanted: 'sizes such as 1 or 1,50%, each above 0' }
  },
}

/** `10.10.0.7:80`, `[fd00::7]:80`; port 0 stands for all ports of a group. */
export const endpoint: ArgForm<string> = {
  form: 'ADDRESS:PORT',
  parse: value => {
    const match = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9a-fA-F:]+)\]):(\d{1,5})$/.exec(value)
    const octets = match?.[1]?.split('.').map(Number) ?? []
    const isGood = match !== null && octets.every(octet => octet <= 255) && Number(match[3]) <= 65_535
    return isGood ? { value } : { wanted: 'an address and a port, such as 10.10.0.7:80' }
  },
}

/** Where ssh goes: a name or an address, with a port where it is not the one of [ssh]. */
export interface SshPlace {
  readonly host: string
  readonly port: number | null
}

export const sshPlace: ArgForm<SshPlace> = {
  form: 'HOST[:PORT]',
  parse: value => {
    const match = /^(?:([A-Za-z0-9][A-Za-z0-9_.-]*)|\[([0-9a-fA-F:]+)\])(?::(\d{1,5}))?$/.exec(value)
    const port = match?.[3] === undefined ? null : Number(match[3])
    if (match === null || (port !== null && (port === 0 || port > 65_535)))
      return { wanted: 'a host, or a host and a port, such as lb1 or 10.10.0.2:2222' }
    return { value: { host: match[1] ?? match[2]!, port } }
  },
}

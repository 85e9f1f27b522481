/** What clients of the API ask: the fields that every request begins with, and how its answers are known. */
import { Message } from '../wire/message.js'

export type Field = readonly [name: string, value: string]

/** Who asks. */
export interface Asker {
  readonly pid: number
  /** The name of the client; one without a name goes by its pid. */
  readonly name?: string
  readonly dest?: 'localhost'
}

export function apiRequest(
  { pid, name, dest }: Asker,
  reqtype: string,
  ...fields: readonly Field[]
): Message {
  const id = String(pid)
  const to: readonly Field[] = dest === undefined ? [] : [['dest', dest]]
  return Message.of(
    ['t', 'hbapi-req'],
    ['reqtype', reqtype],
    ...to,
    ['pid', id],
    ['from_id', name ?? id],
    ...fields,
  )
}

/** `ids`: the effective user and group of the client. */
export const signonRequest = (asker: Asker, ids: { readonly uid: number; readonly gid: number }): Message =>
  apiRequest(asker, 'signon', ['uid', String(ids.uid)], ['gid', String(ids.gid)])

export const isAnswerTo = (reqtype: string, message: Message): boolean =>
  message.type === 'hbapi-resp' && message.text('reqtype') === reqtype

/** What a ping node is made to say about itself: the data of an echo, which comes back when the host is there. */
import { Message } from './message.js'

export function pingStatus(node: string, info: 'ping' | 'ping6', ts: string): Message {
  return Message.of(['t', 'NS_st'], ['st', 'ping'], ['info', info], ['src', node], ['ts', ts])
}

/** True for the answer of that node; anything else that an echo may carry is not listened to. */
export function isPingStatusOf(node: string, message: Message): boolean {
  return message.type === 'NS_st' && message.text('src')?.toLowerCase() === node
}

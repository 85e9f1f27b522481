/** `checktype=connect`: up when the port accepts. UDP accepts everything, so a UDP service is pinged instead. */
import { connect } from 'node:net'
import { type Check, passed } from './check.js'
import { checkPing } from './ping.js'

export const checkConnect: Check = (probe, signal, progress) => {
  if (probe.protocol === 'udp') return checkPing(probe, signal, progress)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: probe.address, port: probe.port })
    const abort = (): void => {
      socket.destroy()
    }
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort)
      socket.destroy()
      resolve(passed('connected'))
    })
  })
}

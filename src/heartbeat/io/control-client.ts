/** The other end of the control socket: asks, and hands over each line of the answer. */
import { connect } from 'node:net'
import { type ControlRequest, controlPath } from '../api/control.js'

/** A line is one record; a daemon with a hundred nodes stays far below. */
const LINE_CHARS_MAX = 4_194_304

/** Resolves when the daemon has closed: null, or why there is no answer. */
export function askControl(
  varRun: string,
  request: ControlRequest,
  onLine: (line: string) => void,
): Promise<NodeJS.ErrnoException | null> {
  return new Promise(resolve => {
    const socket = connect(controlPath(varRun))
    socket.setEncoding('utf8')
    let waiting = ''
    socket.on('connect', () => socket.write(`${request}\n`))
    socket.on('data', (chunk: string) => {
      const lines = (waiting + chunk).split('\n')
      waiting = lines.pop() ?? ''
      for (const line of lines) onLine(line)
      if (waiting.length > LINE_CHARS_MAX) socket.destroy()
    })
    socket.on('error', resolve)
    socket.on('close', () => resolve(null))
  })
}

/**
 * `service=ldap` and `ldaps`: binds (with login and passwd when both are set, else anonymously), reads the entry
 * that `request` names and is up when it is there and its name matches `receive`.
 */
import { Client, ResultCodeError } from 'ldapts'
import { type Check, failed, type Outcome, type Probe, passed } from '../check.js'
import { mismatch } from '../receive.js'
import { said } from '../said.js'
import { expectStart, limitBytes, startStream } from '../stream.js'
import { protocolFault } from '../system-error.js'
import { tlsOptions } from '../tls.js'

const ANSWER_BYTES_MAX = 1_048_576
/** Every LDAP message is a SEQUENCE. */
const SEQUENCE = 0x30
const INVALID_CREDENTIALS = 49

export const checkLdap: Check = async (probe, signal, progress) => {
  const isSecure = probe.service === 'ldaps'
  const stream = startStream(probe, { secure: isSecure ? await tlsOptions(probe) : null, signal, progress })
  const client = new Client({
    // Where it leads is decided by the stream.
    url: isSecure ? 'ldaps://server' : 'ldap://server',
    createConnection: () => stream,
    createSecureConnection: (() => stream) as never,
    strictDN: false,
  })
  limitBytes(stream, ANSWER_BYTES_MAX)
  expectStart(stream, 'LDAP', first => first[0] === SEQUENCE)
  try {
    return await ask(client, probe)
  } catch (error) {
    if (error instanceof ResultCodeError) return no(error, probe)
    if (stream.errored) throw stream.errored
    throw progress.reached === 'asking' ? protocolFault(said((error as Error).message, probe)) : error
  } finally {
    stream.destroy()
  }
}

async function ask(client: Client, probe: Probe): Promise<Outcome> {
  if (probe.login !== '' && probe.passwd !== '') await client.bind(probe.login, probe.passwd)
  else await client.bind('', '')
  const { searchEntries } = await client.search(probe.request.slice(1), {
    scope: 'base',
    timeLimit: 0,
    filter: '(objectClass=*)',
  })
  await client.unbind()
  if (searchEntries.length !== 1) {
    return { ...failed('L7CONTENT', `${searchEntries.length} entries`), answer: 'No answer received' }
  }
  const fault = mismatch(probe.receive, Buffer.from(searchEntries[0]!.dn))
  if (fault) return { ...fault, answer: 'Response mismatch' }
  return { ...passed('the entry is there'), answer: 'Success' }
}

/** The server's diagnostic text is often empty: the name of the result code says what it is. */
function no(error: ResultCodeError, probe: Probe): Outcome {
  const name = error.name.replace(/Error$/, '')
  const isBind = error.code === INVALID_CREDENTIALS
  return {
    ...failed('L7STS', said(`${name}: ${error.message}`, probe)),
    answer: isBind ? 'Bind failed' : 'No answer received',
  }
}

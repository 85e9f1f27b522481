/** What the database checks have in common: the statement of `request`, and what they cannot do without. */
import { failed, type Outcome, type Probe } from './check.js'

export const statementOf = (probe: Probe): string => probe.request.replace(/^\//, '')

export const missingSettings = (probe: Probe): Outcome | null =>
  probe.login === '' || statementOf(probe) === ''
    ? failed(
        'ERROR',
        // The original's sentence, which people look for in the log.
        `Error: Must specify a login and request string for MySQL, Oracle and PostgreSQL checks. Not adding ${probe.address}.`,
      )
    : null

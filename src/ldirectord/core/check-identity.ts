/** The original's name of a check, which stands in monitorfile lines and in those of -d. */
import type { RealServer, VirtualService } from '../config/model.js'

/** Everything that is no letter, digit or underscore behind a backslash, as Perl's quotemeta writes ASCII. */
const quotemeta = (text: string): string => text.replace(/[^\w\x80-\uffff]/g, '\\$&')

/**
 * `negotiate:http:tcp:127.0.2.1:80:::1:gate:\/index\.html:OK`: what is asked, of whom, and with which weight. Only what
 * negotiates has a service; external checks have their command in its place.
 */
export function checkIdentity(virtual: VirtualService, real: RealServer): string {
  const { checktype, service, checkcommand, key } = virtual
  const kind =
    checktype === 'negotiate' || checktype === 'combined'
      ? [checktype, service]
      : checktype === 'external' || checktype === 'external-perl'
        ? [checktype, checkcommand]
        : [checktype]
  return [
    ...kind,
    key.protocol,
    real.address.includes(':') ? `[${real.address}]` : real.address,
    real.port,
    virtual.virtualhost ?? '',
    virtual.checkport ?? '',
    real.weight,
    real.method,
    quotemeta(real.request ?? virtual.request),
    quotemeta(real.receive ?? virtual.receive),
  ].join(':')
}

/** The same virtual services and reals, ten a service, in the words of each contestant. */
import { REAL_PORT, realAddress } from './reals.js'

export interface Layout {
  /** The second number of the reals' addresses. */
  readonly net: number
  readonly reals: number
  /** The weight of the very first real. */
  readonly firstWeight?: number
}

export const PER_SERVICE = 10
const LIMIT_SECONDS = 3

export const serviceAddress = (service: number): string => `10.0.${service >> 8}.${service & 255}`

function services({ net, reals, firstWeight = 1 }: Layout): { address: string; weight: number }[][] {
  return Array.from({ length: Math.ceil(reals / PER_SERVICE) }, (_, service) =>
    Array.from({ length: Math.min(PER_SERVICE, reals - service * PER_SERVICE) }, (_, place) => {
      const real = service * PER_SERVICE + place
      return { address: realAddress(net, real), weight: real === 0 ? firstWeight : 1 }
    }),
  )
}

export function ldirectordFile(layout: Layout, globals: readonly string[]): string {
  const head = [
    `checktimeout=${LIMIT_SECONDS}`,
    `negotiatetimeout=${LIMIT_SECONDS}`,
    'checkinterval=1',
    'quiescent=yes',
    ...globals,
  ]
  const sections = services(layout).map((reals, service) =>
    [
      `virtual=${serviceAddress(service)}:80`,
      ...reals.map(({ address, weight }) => `\treal=${address}:${REAL_PORT} masq ${weight}`),
      '\tservice=http',
      '\trequest="index.html"',
      '\treceive="ok"',
      '\tscheduler=wlc',
      '\tprotocol=tcp',
      '',
    ].join('\n'),
  )
  return `${head.join('\n')}\n\n${sections.join('\n')}`
}

export function keepalivedFile(layout: Layout): string {
  const real = ({ address, weight }: { address: string; weight: number }): string =>
    `  real_server ${address} ${REAL_PORT} {
    weight ${weight}
    HTTP_GET {
      url {
        path /index.html
        status_code 200
      }
      connect_timeout ${LIMIT_SECONDS}
      retry 1
      delay_before_retry 0
    }
  }`
  const sections = services(layout).map(
    (reals, service) =>
      `virtual_server ${serviceAddress(service)} 80 {
  delay_loop 1
  lb_algo wlc
  lb_kind NAT
  protocol TCP
${reals.map(real).join('\n')}
}`,
  )
  return `global_defs {\n  router_id bench\n}\n${sections.join('\n')}\n`
}

export function haproxyFile(layout: Layout): string {
  const sections = services(layout).map(
    (reals, service) =>
      `backend b${service}
${reals
  .map(
    ({ address }) => `  server ${address}:${REAL_PORT} ${address}:${REAL_PORT} check inter 1s fall 1 rise 1`,
  )
  .join('\n')}`,
  )
  return `global
  log stdout format raw local0 notice
defaults
  mode http
  log global
  option httpchk GET /index.html
  timeout connect ${LIMIT_SECONDS}s
  timeout check ${LIMIT_SECONDS}s
  timeout client 10s
  timeout server 10s
frontend f
  bind 127.0.0.1:1
${sections.join('\n')}
`
}

/**
 * The service address on the loopback device. A node that runs as root adds it and removes it when it stops; a node
 * that was killed cannot, so the demo removes it at its end. A mark in the state folder remembers, over a hard end of
 * the demo too, that the address was not there before.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { runCommand } from '../base/io/run-command.js'
import type { Layout } from './layout.js'

const markOf = (layout: Layout): string => `${layout.state}/service-address-is-ours`

function isOnLoopback(address: string): boolean {
  return (networkInterfaces().lo ?? []).some(entry => entry.address === address)
}

export function noteServiceAddress(layout: Layout): void {
  if (!isOnLoopback(layout.service.address)) writeFileSync(markOf(layout), `${layout.service.address}\n`)
}

export async function removeServiceAddress(layout: Layout): Promise<void> {
  const { address } = layout.service
  if (!existsSync(markOf(layout))) return
  if (process.getuid?.() === 0 && isOnLoopback(address)) {
    await runCommand('ip', ['address', 'delete', `${address}/32`, 'dev', 'lo'], { timeoutMs: 1_000 })
  }
  if (!isOnLoopback(address)) rmSync(markOf(layout), { force: true })
}

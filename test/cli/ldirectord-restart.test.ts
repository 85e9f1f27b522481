import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { restart } from '../../src/cli/commands/ldirectord-restart.js'
import { temporaryFolder } from '../temporary-folder.js'
import { VirtualClock } from '../virtual-clock.js'

const START_STATUS = 7

/** A restart of a daemon whose pid file goes away so long after it was told to end; null: never. */
async function restarted(
  t: ExecutionContext,
  {
    endsAfterMs,
    isRunning = true,
  }: {
    readonly endsAfterMs: number | null
    readonly isRunning?: boolean
  },
) {
  const pidFile = join(temporaryFolder(t), 'ldirectord.pid')
  writeFileSync(pidFile, '4711\n')
  const clock = new VirtualClock()
  const done: string[] = []
  const work = restart(
    {
      pidFile,
      pid: isRunning ? 4711 : null,
      end: async pid => {
        done.push(`end ${pid}`)
        if (endsAfterMs !== null) clock.after(endsAfterMs, () => rmSync(pidFile))
      },
      start: async () => {
        done.push('start')
        return START_STATUS
      },
      complain: text => done.push(text),
    },
    clock,
  )
  const status = await clock.during(work)
  return { status, done, seconds: Math.round(clock.nowMs() / 1000) }
}

// The original waits for ever (measured on ldirectord 4.12).
test('a daemon that does not end holds restart a minute, fails it, and is not started a second time', async t => {
  t.deepEqual(await restarted(t, { endsAfterMs: null }), {
    status: 1,
    done: ['end 4711', 'ldirectord (pid 4711) did not end within 60 s; not started again'],
    seconds: 60,
  })
})

test('a daemon that takes most of the minute to end is started again when it has ended', async t => {
  t.deepEqual(await restarted(t, { endsAfterMs: 59_000 }), {
    status: START_STATUS,
    done: ['end 4711', 'start'],
    seconds: 59,
  })
})

test('where no daemon runs restart starts one, whatever pid file was left', async t => {
  t.deepEqual(await restarted(t, { endsAfterMs: null, isRunning: false }), {
    status: START_STATUS,
    done: ['start'],
    seconds: 0,
  })
})

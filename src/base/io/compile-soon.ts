/**
 * V8 compiles a function well after it has run for a while in a row; for work that comes ten times a second in pieces of
 * a tenth of a millisecond that is after many minutes, and until then each piece takes up to twice the time. A daemon
 * that will do the same for months asks for it early, once its start is over. It is a loss where little is done: with a
 * piece or two a second the compiling takes more than it saves for a long time.
 */
import { setFlagsFromString } from 'node:v8'

/** Bytes of bytecode after which a function is looked at; V8's own number is 132 kB. */
const BUDGET_BYTES = 1_000

export function compileSoon(): void {
  setFlagsFromString(`--interrupt-budget=${BUDGET_BYTES}`)
}

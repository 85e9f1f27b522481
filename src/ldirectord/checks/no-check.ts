/** Checks that ask nobody: `checktype=on` (and a service that has no protocol of its own), `checktype=off`. */
import { type Check, failed, passed } from './check.js'

export const checkOn: Check = async () => passed('not checked, always up')

export const checkOff: Check = async () => failed('ERROR', 'checktype=off: never up')

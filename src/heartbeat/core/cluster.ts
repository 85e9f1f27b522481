/**
 * The door of the cluster's decisions: `step(event, nowMs)` returns, in order, everything that must now be done.
 */
export type * from './contract.js'

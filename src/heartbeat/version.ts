/** What `heartbeat -V` and clients are told: the release that we stand in for, then who we are. */
export const RELEASE = '3.0.6'
export const VERSION = `${RELEASE} (Systole 0.1.0)`

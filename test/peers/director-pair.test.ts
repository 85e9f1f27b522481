/** Our heartbeat on both nodes, our ldirectord as warm standby and resource of it. */
import { directorsLive, NEEDS } from './director-scenario.js'
import { peerTest } from './require.js'

peerTest(...NEEDS)(
  'with our heartbeat drains are mirrored and survive a takeover, and the table is where the resource is',
  t => directorsLive(t, 'ours'),
)

/** heartbeat 3.0.6, unmodified, on both nodes; our ldirectord is a client of its API and its resource. */
import { directorsLive, NEEDS } from './director-scenario.js'
import { peerTest } from './require.js'

peerTest(...NEEDS)(
  'with heartbeat 3.0.6 drains are mirrored and survive a takeover, and the table is where the resource is',
  t => directorsLive(t, 'original'),
)

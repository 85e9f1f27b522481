/** The command hb_setweight; see commands/tell-cluster.ts. */
import { here } from './commands/here.js'
import { tellCluster } from './commands/tell-cluster.js'

process.exitCode = tellCluster('hb_setweight', here)

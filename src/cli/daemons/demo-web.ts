/** demo-web NAME ADDRESS PORT: one web server of the demo cluster. */
import { runWebServer } from '../../demo/web-server.js'

const [name = '', address = '', port = ''] = process.argv.slice(2)
runWebServer(name, address, Number(port))

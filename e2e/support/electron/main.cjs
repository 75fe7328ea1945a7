// Holds `ready` back until Playwright has attached, then loads the built app as it is. Playwright does this by itself
// only for the npm package's binary (it preloads the same file there); with any other one, a window that opens while it
// is still attaching makes its launch hang now and then.
const { dirname, join } = require('node:path')
const { app } = require('electron')

require(join(dirname(require.resolve('playwright-core/package.json')), 'lib', 'server', 'electron', 'loader.js'))

const folder = process.env.GATEHOUSE_E2E_APP_FOLDER
const manifest = require(join(folder, 'package.json'))
app.setAppPath(folder)
process.argv = process.argv.map((arg) => (arg === __dirname ? folder : arg))
require(join(folder, manifest.main))

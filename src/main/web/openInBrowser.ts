import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Home } from '../backend/home.ts'

/**
 * Opens a one-time link in the default browser. The link goes through a page that this user alone can read, because a
 * command line is readable by everyone on the machine. Gives the function that takes the page away.
 */
export function openInBrowser(link: string, home: Pick<Home, 'root'>, platform: NodeJS.Platform = process.platform): () => void {
  const page = join(home.root, 'open.html')
  rmSync(page, { force: true })
  writeFileSync(
    page,
    `<!doctype html><meta charset="utf-8"><title>Gatehouse</title><meta http-equiv="refresh" content="0;url=${link}">\n`,
    {
      mode: 0o600,
    },
  )
  const address = pathToFileURL(page).href
  const [command, args] = openCommand(platform, address)
  const opener = spawn(command, args, { stdio: 'ignore', detached: true })
  // The link is printed as well; a machine without an opener loses nothing.
  opener.on('error', () => {})
  opener.unref()
  return () => rmSync(page, { force: true })
}

function openCommand(platform: NodeJS.Platform, address: string): [string, string[]] {
  switch (platform) {
    case 'darwin':
      return ['open', [address]]
    case 'win32':
      return ['rundll32', ['url.dll,FileProtocolHandler', address]]
    default:
      return ['xdg-open', [address]]
  }
}

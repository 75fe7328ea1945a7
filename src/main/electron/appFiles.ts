import { readFile, realpath } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { appOrigin } from '../../preload/channels.ts'

export interface AppFile {
  status: 200 | 404
  contentType: string
  body: Buffer
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

const notFound: AppFile = { status: 404, contentType: 'text/plain; charset=utf-8', body: Buffer.from('There is no such page.\n') }

/**
 * Reads the file that an `app://gatehouse/…` address names. Whatever the address, only files whose real path lies
 * inside `folder` and whose type the console uses are given; everything else is 404.
 */
export async function readAppFile(folder: string, address: string): Promise<AppFile> {
  let path: string
  try {
    const url = new URL(address)
    if (`${url.protocol}//${url.host}` !== appOrigin) return notFound
    path = decodeURIComponent(url.pathname)
  } catch {
    return notFound
  }
  // A NUL ends a path for the operating system; a backslash parts folders on Windows only.
  if (path.includes('\0') || path.includes('\\')) return notFound
  const name = path === '/' ? 'index.html' : path
  const contentType = types[extname(name)]
  if (!contentType) return notFound
  try {
    const root = await realpath(folder)
    const file = await realpath(join(root, name))
    if (!file.startsWith(root + sep)) return notFound
    return { status: 200, contentType, body: await readFile(file) }
  } catch {
    return notFound
  }
}

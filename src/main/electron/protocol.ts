import { protocol } from 'electron'
import { appScheme } from '../../preload/channels.ts'
import { securityHeaders } from '../api/contentSecurity.ts'
import { readAppFile } from './appFiles.ts'

/** Before the app is ready: the scheme counts as a secure origin of its own, like https. */
export function declareAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ])
}

/** Once the app is ready: `app://gatehouse/` shows the built console, and nothing outside its folder. */
export function serveAppScheme(folder: string): void {
  const headers = { ...securityHeaders(), 'Cache-Control': 'no-cache' }
  if (typeof protocol.handle === 'function') {
    protocol.handle(appScheme, async (request) => {
      const { status, contentType, body } = await readAppFile(folder, request.url)
      return new Response(new Uint8Array(body), { status, headers: { ...headers, 'Content-Type': contentType } })
    })
    return
  }
  // Electron before 25.
  protocol.registerBufferProtocol(appScheme, (request, respond) => {
    void readAppFile(folder, request.url).then(({ status, contentType, body }) =>
      respond({
        statusCode: status,
        mimeType: contentType.split(';')[0],
        charset: 'utf-8',
        headers: { ...headers, 'Content-Type': contentType },
        data: body,
      }),
    )
  })
}

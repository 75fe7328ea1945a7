/**
 * zod compiles schemas with `new Function` where it may; the page's Content-Security-Policy forbids that, and already
 * the attempt is reported as a violation. Imported first, before any schema is used.
 */
import { config } from 'zod'

config({ jitless: true })

/**
 * Preloaded into what the stand-in forks as a utility process: gives it the port to its parent that Electron gives it, and
 * ends it when that parent is gone, as Electron does.
 */
type Listener = (event: { data: unknown }) => void

Object.assign(process, {
  parentPort: {
    once: (_event: 'message', listener: Listener) => process.once('message', (data) => listener({ data })),
    on: (_event: 'message', listener: Listener) => process.on('message', (data) => listener({ data })),
    postMessage: (message: unknown) => process.send?.(message as object),
  },
})
process.once('disconnect', () => process.exit(0))

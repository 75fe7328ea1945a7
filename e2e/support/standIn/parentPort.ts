/** Preloaded into what the stand-in forks as a utility process: gives it the port to its parent that Electron gives it. */
Object.assign(process, {
  parentPort: {
    once: (_event: 'message', listener: (event: { data: unknown }) => void) =>
      process.once('message', (data) => listener({ data })),
    postMessage: (message: unknown) => process.send?.(message as object),
  },
})

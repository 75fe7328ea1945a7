import { defineConfig } from 'vitest/config'

/** The heavy ones: real browsers, a real Electron, real servers. Run by `npm run e2e`, which builds first. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    setupFiles: ['./e2e/support/leaveNothing.ts'],
    // One story at a time: two cores, one display.
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // As in vitest.config.ts: the default, one second, is short for a browser on a busy machine.
    expect: { poll: { timeout: 30_000 } },
  },
})

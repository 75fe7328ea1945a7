import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    globalSetup: ['./scripts/testSetup.ts'],
    // Two cores: real servers run beside the tests.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is waited for comes by itself; on a busy machine one second, the default, is short for a process or a server.
    expect: { poll: { timeout: 20_000 } },
  },
})

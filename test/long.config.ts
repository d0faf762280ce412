import { defineConfig } from 'vitest/config'

/** What takes too long for every run of the tests: the frameworks, each through a reload under traffic. For `.ci/run`. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/apps/frameworks/**/*.test.ts'],
    env: { SUPERVISOR_SPARES: '0' },
    testTimeout: 120_000,
    maxWorkers: 2,
  },
})

import { defineConfig } from 'vitest/config'

/** How often each promise is tested: a test that fails once in twenty runs has found something. */
const RUNS = Number(process.env['SOAK_RUNS'] ?? 20)
/** How long the chaos lasts in each of them. */
const CHAOS_SECONDS = process.env['CHAOS_SECONDS'] ?? '30'

export default defineConfig({
  test: {
    projects: Array.from({ length: RUNS }, (_, run) => ({
      test: {
        name: `run ${run + 1}`,
        root: new URL('..', import.meta.url).pathname,
        include: [
          'test/promises/**/*.test.ts',
          'test/signals.test.ts',
          'test/core/*properties.test.ts',
          'test/dev/watch-storm.test.ts',
        ],
        testTimeout: 60_000,
        env: { CHAOS_SECONDS, SOAK: '1' },
      },
    })),
    maxWorkers: 2,
    reporters: ['dot'],
  },
})

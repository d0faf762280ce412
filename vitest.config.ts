import { configDefaults, defineConfig } from 'vitest/config'

const PATIENCE = { testTimeout: 60_000, hookTimeout: 60_000 }
/** What is tested with all that a user has by default. */
const WHOLE = ['test/promises/**/*.test.ts', 'test/host/**/*.test.ts', 'test/signals.test.ts']
/** What `test/long.config.ts` is for. */
const LONG = ['test/apps/frameworks/**']

export default defineConfig({
  test: {
    // Every test starts processes of its own; more files at once than cores only makes them wait for each other.
    maxWorkers: 2,
    projects: [
      { test: { name: 'whole', include: WHOLE, ...PATIENCE } },
      {
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...WHOLE, ...LONG],
          // A third of all processes would be spares that nobody asks for.
          env: { SUPERVISOR_SPARES: '0' },
          ...PATIENCE,
        },
      },
    ],
  },
})

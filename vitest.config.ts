import { defineConfig } from 'vitest/config'

/** Ends what hangs. Long, as a busy machine alone must fail no test. */
const everywhere = { testTimeout: 120_000, hookTimeout: 120_000 }

/** `npm test -- --project unit` runs one kind: unit, journeys, compat, crash. */
export default defineConfig({
  test: {
    // Left to itself vitest leaves one core to its own thread, which waits most of the time.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'packages/*/{src,types}/**/*.test.ts', 'test/*.test.ts'],
          ...everywhere,
        },
      },
      { test: { name: 'journeys', include: ['test/journeys/**/*.test.ts'], ...everywhere } },
      { test: { name: 'compat', include: ['test/compat/**/*.test.ts'], ...everywhere } },
      {
        test: {
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          ...everywhere,
          testTimeout: 600_000,
        },
      },
    ],
  },
})

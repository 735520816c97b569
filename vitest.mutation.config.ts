import { defineConfig } from 'vitest/config';

/** For `npm run mutation`: the tests that judge the engine and the IP code, without the long random ones. */
export default defineConfig({
  test: {
    include: ['tests/{base,engine}/**/*.test.ts', 'tests/cases.test.ts'],
    exclude: ['tests/**/*-random.test.ts'],
    testTimeout: 60_000,
    pool: 'threads',
  },
});

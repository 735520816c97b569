import { defineConfig } from 'vitest/config';

/** Tests that run the program as built, in processes of its own. */
const endToEnd = ['tests/{cli,package,e2e}/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    pool: 'threads',
    reporters: ['default', './tools/count-reporter.mjs'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/**/*.test.ts'], exclude: endToEnd } },
      {
        extends: true,
        test: { name: 'end-to-end', include: endToEnd, globalSetup: './tools/build-when-stale.mjs' },
      },
    ],
  },
});

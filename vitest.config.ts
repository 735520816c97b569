import { defineConfig } from 'vitest/config';

/** Tests that run the program as built, in processes of its own. */
const endToEnd = ['tests/{cli,package,e2e}/**/*.test.ts'];
/** Tests in network namespaces with real packets; wherever they are. */
const kernel = ['tests/**/*.kernel.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    pool: 'threads',
    reporters: ['default', './tools/count-reporter.mjs'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/**/*.test.ts'], exclude: [...endToEnd, ...kernel] } },
      {
        extends: true,
        test: { name: 'end-to-end', include: endToEnd, exclude: kernel, globalSetup: './tools/build-when-stale.mjs' },
      },
      {
        extends: true,
        test: {
          name: 'kernel',
          include: kernel,
          globalSetup: './tests/packets/global-setup.ts',
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // One file at a time, after everything else: they look at when packets arrive.
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

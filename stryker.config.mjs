/** `npm run mutation`; `npm run mutation -- --mutate src/base/inet-parse.ts` for one file. */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  mutate: ['src/engine/**/*.ts', 'src/base/inet*.ts'],
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  reporters: ['clear-text', 'progress', 'json'],
  concurrency: 2,
  tempDirName: '.stryker-tmp',
  // Stryker would rewrite tsconfig.json with the compiler's API, which TypeScript 7 does not have; the tests need none.
  tsconfigFile: 'none.json',
};

/**
 * Closes a test run with one plain line, `N passed, N failed`, for people and scripts.
 *
 * With SALLYPORT_TEST_COUNTS set to a path, the three numbers go there instead (passed, failed, skipped): a caller that
 * adds up several runs prints the line itself.
 */
import { writeFileSync } from 'node:fs';

/** A `Reporter` of vitest. */
export default class CountReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failedHere += 1;
        else skipped += 1;
      }
      // A file that cannot be loaded, or whose hooks fail, has failed even when none of its tests did.
      failed += failedHere === 0 && module.state() === 'failed' ? 1 : failedHere;
    }
    const file = process.env['SALLYPORT_TEST_COUNTS'];
    if (file !== undefined && file !== '') writeFileSync(file, `${passed} ${failed} ${skipped}\n`);
    else console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
}

/** The demonstration and the tutorial with real packets. */
import { afterEach, beforeAll, beforeEach, describe, it } from 'vitest';
import buildWhenStale from '../../tools/build-when-stale.mjs';
import { describeKernel } from '../packets/kernel.ts';
import { LabHome } from './lab-home.ts';
import { expectDemo, expectTutorial, whyNoKubectl } from './lab-walks.ts';

describeKernel('the lab, from the outside', () => {
  let home: LabHome;
  beforeAll(buildWhenStale, 120_000);
  beforeEach(() => {
    home = new LabHome();
  });
  afterEach(() => home.remove());

  it('npm start --once predicts and measures every step', () => expectDemo(home, 'netns'));

  describe.skipIf(whyNoKubectl !== '')(`lab tutorial${whyNoKubectl === '' ? '' : ` (${whyNoKubectl})`}`, () => {
    it('shows what every step teaches', () => expectTutorial(home, 'netns'));
  });
});

/** Leases. */
import { Causes, NOT_NEGATIVE } from './causes.ts';
import { get } from '../json.ts';
import { numberAt, objectAt } from '../field-values.ts';
import type { Strategy } from './strategy.ts';

export const leaseStrategy: Strategy = {
  validate: (lease) => {
    const causes = new Causes();
    const spec = objectAt(lease, 'spec');
    const seconds = numberAt(spec, 'leaseDurationSeconds');
    if (seconds !== undefined && seconds <= 0)
      causes.invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0');
    const transitions = numberAt(spec, 'leaseTransitions');
    if (transitions !== undefined && transitions < 0)
      causes.invalid('spec.leaseTransitions', transitions, NOT_NEGATIVE);
    if (get(spec, 'holderIdentity') === '') causes.invalid('spec.holderIdentity', '', 'must not be empty');
    return causes.all;
  },
};

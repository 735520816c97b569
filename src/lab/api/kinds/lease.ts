/** Leases. */
import { Causes, NOT_NEGATIVE } from './causes.ts';
import { get } from '../json.ts';
import { numberOf, objectOf } from './field-values.ts';
import type { Strategy } from './strategy.ts';

export const leaseStrategy: Strategy = {
  validate: (lease) => {
    const causes = new Causes();
    const spec = objectOf(lease, 'spec');
    const seconds = numberOf(spec, 'leaseDurationSeconds');
    if (seconds !== undefined && seconds <= 0)
      causes.invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0');
    const transitions = numberOf(spec, 'leaseTransitions');
    if (transitions !== undefined && transitions < 0)
      causes.invalid('spec.leaseTransitions', transitions, NOT_NEGATIVE);
    if (get(spec, 'holderIdentity') === '') causes.invalid('spec.holderIdentity', '', 'must not be empty');
    return causes.all;
  },
};

/** Services. */
import { Causes } from './causes.ts';
import { completedService, completedUpdate } from './service-defaults.ts';
import { allocationCauses, validateService, validateServiceUpdate } from './service-validation.ts';
import type { Strategy } from './strategy.ts';

export const serviceStrategy: Strategy = {
  prepareCreate: completedService,
  prepareUpdate: completedUpdate,
  validate: (service, cluster) => {
    const unavailable = allocationCauses(service, cluster).all;
    if (unavailable.length > 0) return unavailable;
    const causes = new Causes();
    validateService(causes, service, cluster);
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    validateServiceUpdate(causes, next, before);
    return causes.all;
  },
};

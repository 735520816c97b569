/** Services. */
import { Causes } from './causes.ts';
import { withFields } from '../json.ts';
import { completedService, completedUpdate } from './service-defaults.ts';
import { validateService, validateServiceUpdate } from './service-validation.ts';
import { serviceWarnings } from './service-warnings.ts';
import type { Strategy } from './strategy.ts';

export const serviceStrategy: Strategy = {
  prepareCreate: (service, cluster) => withFields(completedService(service, cluster), { status: { loadBalancer: {} } }),
  prepareUpdate: completedUpdate,
  validate: validateService,
  validateUpdate: (next, before) => {
    const causes = new Causes();
    validateServiceUpdate(causes, next, before);
    return causes.all;
  },
  warnings: serviceWarnings,
};

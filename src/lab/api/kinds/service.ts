/** Services. */
import { Causes } from './causes.ts';
import { completedService, completedUpdate } from './service-defaults.ts';
import { validateService, validateServiceUpdate } from './service-validation.ts';
import type { Strategy } from './strategy.ts';

export const serviceStrategy: Strategy = {
  prepareCreate: completedService,
  prepareUpdate: completedUpdate,
  validate: validateService,
  validateUpdate: (next, before) => {
    const causes = new Causes();
    validateServiceUpdate(causes, next, before);
    return causes.all;
  },
};

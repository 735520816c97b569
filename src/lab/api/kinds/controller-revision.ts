/** ControllerRevisions. */
import { get, sameJson } from '../json.ts';
import { Causes, IMMUTABLE, NOT_NEGATIVE } from './causes.ts';
import { isGiven, numberAt } from '../field-values.ts';
import type { Strategy } from './strategy.ts';

export const controllerRevisionStrategy: Strategy = {
  validate: (revision) => {
    const causes = new Causes();
    if (!isGiven(revision, 'data')) causes.required('data', 'data is mandatory');
    const number = numberAt(revision, 'revision');
    if (number !== undefined && number < 0) causes.invalid('revision', number, NOT_NEGATIVE);
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    const data = get(next, 'data');
    if (!sameJson(data, get(before, 'data'))) causes.invalid('data', data, IMMUTABLE);
    return causes.all;
  },
};

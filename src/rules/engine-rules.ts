/** Findings that the audit itself makes: about the input as such, and about what was told to be ignored. */
import type { RuleInfo } from './rule.ts';

/** The API server refuses the object (catalogue NP001, NP002, NP004, NP010, NP011). */
export const invalidManifest: RuleInfo = {
  name: 'invalid-manifest',
  severity: 'error',
  category: 'mistakes',
  summary: 'the API server would refuse the object, or the text is no YAML',
  fixable: false,
  detectors: ['M21', 'M22', 'M47', 'M48', 'M54', 'M55', 'M66'],
  catalogue: ['NP001', 'NP002', 'NP003', 'NP004', 'NP010', 'NP011', 'NP707'],
};

/** Read, but not as somebody may have meant it (M56, NP005). */
export const doubtfulManifest: RuleInfo = {
  name: 'doubtful-manifest',
  severity: 'warning',
  category: 'mistakes',
  summary: 'an object counts, but is given twice, has unknown fields, or is of a kind that is not evaluated',
  fixable: false,
  detectors: ['M56'],
  catalogue: ['NP001', 'NP005'],
};

export const unusedIgnore: RuleInfo = {
  name: 'unused-ignore',
  severity: 'warning',
  category: 'upkeep',
  summary: 'an ignore, in a comment or in sallyport.yaml, that no longer ignores anything',
  fixable: false,
  detectors: [],
  catalogue: [],
};

export const badIgnore: RuleInfo = {
  name: 'bad-ignore',
  severity: 'error',
  category: 'upkeep',
  summary: 'an ignore comment without a reason, or for a rule that does not exist',
  fixable: false,
  detectors: [],
  catalogue: [],
};

export const expiredIgnore: RuleInfo = {
  name: 'expired-ignore',
  severity: 'warning',
  category: 'upkeep',
  summary: 'an ignore of sallyport.yaml whose last day is over; it no longer counts',
  fixable: false,
  detectors: [],
  catalogue: [],
};

/** Sorted by name. */
export const engineRules: readonly RuleInfo[] = [
  badIgnore,
  doubtfulManifest,
  expiredIgnore,
  invalidManifest,
  unusedIgnore,
];

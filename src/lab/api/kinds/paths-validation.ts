/** Paths of files, and keys that become names of files. */
import type { Causes } from './causes.ts';

/** A path that stays below where it starts. */
export function validateInnerPath(causes: Causes, value: string, field: string): void {
  if (value.startsWith('/')) causes.invalid(field, value, 'must be a relative path');
  validateNoBacksteps(causes, value, field);
}

export function validateNoBacksteps(causes: Causes, value: string, field: string): void {
  if (value.split('/').includes('..')) causes.invalid(field, value, "must not contain '..'");
}

const DATA_KEY_PROBLEM =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** A key of a ConfigMap or a Secret. */
export function dataKeyProblems(key: string): readonly string[] {
  const problems: string[] = [];
  if (key.length > 253) problems.push('must be no more than 253 bytes');
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) problems.push(DATA_KEY_PROBLEM);
  if (key === '.') problems.push("must not be '.'");
  else if (key === '..') problems.push("must not be '..'");
  else if (key.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}

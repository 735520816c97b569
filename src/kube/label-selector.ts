/** `LabelSelector` fields: decoded, validated, turned into requirements. */
import type { Span } from '../base/source.ts';
import type { Fields } from './fields.ts';
import { shape } from './shape.ts';
import type { LabelSelector, Requirement } from './objects.ts';
import { closest } from './suggest.ts';
import { labelKeyProblems, labelValueProblems } from './syntax.ts';

const LABEL_SELECTOR = shape('v1.LabelSelector', 'matchLabels matchExpressions', {
  hints: { labels: 'matchLabels', expressions: 'matchExpressions', app: 'matchLabels', podSelector: 'matchLabels' },
});
const REQUIREMENT = shape('v1.LabelSelectorRequirement', 'key operator values', { hints: { value: 'values' } });

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

/** Selects everything (S5). */
export function everything(span: Span | undefined): LabelSelector {
  return { requirements: [], invalid: false, span };
}

/** A selector behind a pointer; absent and null are `undefined` (S6). */
export function optionalSelector(parent: Fields, name: string): LabelSelector | undefined {
  const fields = parent.object(name, LABEL_SELECTOR);
  return fields === undefined ? undefined : decodeSelector(fields);
}

/** A selector that is a value: absent, null and `{}` all select everything (S5). */
export function selectorValue(parent: Fields, name: string): LabelSelector {
  return optionalSelector(parent, name) ?? everything(undefined);
}

/** The equality selector of Services and ReplicationControllers; `undefined` when it is absent or empty. */
export function mapSelector(parent: Fields, name: string): LabelSelector | undefined {
  const { requirements, invalid } = equalities(parent, name);
  if (requirements.length === 0) return undefined;
  return { requirements, invalid, span: parent.decoder.span(parent.place(name)) };
}

/**
 * Built-in kinds refuse a bad selector (S47). The schemas of the cluster policies let most of it pass (S159): the
 * selector is then marked `invalid`, and evaluation has to fail closed.
 */
function decodeSelector(fields: Fields): LabelSelector {
  const labels = equalities(fields, 'matchLabels');
  const requirements = [...labels.requirements];
  let { invalid } = labels;
  for (const expression of fields.objects('matchExpressions', REQUIREMENT)) {
    const requirement = fields.dialect === 'go' ? decodeChecked(expression) : decodeUnchecked(expression);
    if (requirement === undefined) invalid = true;
    else requirements.push(requirement);
  }
  return { requirements, invalid, span: fields.decoder.span(fields.at) };
}

/** A map of labels as requirements. Errors name the map, not the key in it (S47). */
function equalities(
  fields: Fields,
  name: string,
): { readonly requirements: readonly Requirement[]; readonly invalid: boolean } {
  let invalid = false;
  const requirements = fields.stringMap(name).map(({ key, value, node }): Requirement => {
    const keyText = String(key.value);
    const keyProblems = labelKeyProblems(keyText);
    const valueProblems = labelValueProblems(value);
    if (keyProblems.length + valueProblems.length > 0) {
      invalid = true;
      if (fields.dialect === 'go') {
        fields.decoder.invalid(fields.pathOf(name), key, keyText, keyProblems);
        fields.decoder.invalid(fields.pathOf(name), node, value, valueProblems);
      }
    }
    return { key: keyText, operator: 'In', values: [value] };
  });
  return { requirements, invalid };
}

/** S47. `undefined` when there is no requirement to be made of it. */
function decodeChecked(fields: Fields): Requirement | undefined {
  const { decoder } = fields;
  const key = fields.string('key') ?? '';
  const operator = fields.string('operator', 'v1.LabelSelectorOperator') ?? '';
  const values = fields.strings('values');
  const known = OPERATORS.find((name) => name === operator);
  let sound = true;
  if (known === undefined) {
    sound = false;
    const meant = closest(operator, OPERATORS) ?? (operator === '' ? undefined : 'In');
    decoder.fieldError({
      type: 'invalid',
      path: fields.pathOf('operator'),
      at: fields.place('operator'),
      value: operator,
      detail: 'not a valid selector operator',
      help: `operators are case-sensitive: ${OPERATORS.join(', ')}${meant === undefined ? '' : `; did you mean \`${meant}\`?`}`,
    });
  } else if (known === 'In' || known === 'NotIn') {
    if (values.length === 0) {
      sound = false;
      const detail = "must be specified when `operator` is 'In' or 'NotIn'";
      decoder.fieldError({ type: 'required', path: fields.pathOf('values'), at: fields.place('values'), detail });
    }
  } else if (fields.listLength('values') > 0) {
    sound = false;
    const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    decoder.fieldError({ type: 'forbidden', path: fields.pathOf('values'), at: fields.place('values'), detail });
  }
  const keyProblems = labelKeyProblems(key);
  decoder.invalid(fields.pathOf('key'), fields.place('key'), key, keyProblems);
  const valuesPath = fields.pathOf('values');
  // A stored invalid value can never equal a real label (S48), so it does not spoil the requirement.
  values.forEach(({ value, node }, index) => {
    decoder.invalid({ parent: valuesPath, key: index }, node, value, labelValueProblems(value));
  });
  if (known === undefined || !sound || keyProblems.length > 0) return undefined;
  return { key, operator: known, values: values.map(({ value }) => value) };
}

/** S159: only what the schema asks for is an error. */
function decodeUnchecked(fields: Fields): Requirement | undefined {
  for (const name of ['key', 'operator']) {
    if (fields.node(name) !== undefined) continue;
    fields.decoder.fieldError({ type: 'required', path: fields.pathOf(name), at: fields.at });
  }
  const key = fields.string('key') ?? '';
  const written = fields.string('operator');
  const operator = OPERATORS.find((name) => name === written);
  const values = fields.strings('values').map(({ value }) => value);
  if (operator === undefined || labelKeyProblems(key).length > 0) return undefined;
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (takesValues !== values.length > 0) return undefined;
  if (values.some((value) => labelValueProblems(value).length > 0)) return undefined;
  return { key, operator, values };
}

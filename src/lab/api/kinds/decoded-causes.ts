/** The checks of `src/kube`, which speak of manifests, as causes of a refusal. */
import type { Diagnostic } from '../../../base/diagnostic.ts';
import { classify } from '../../../kube/classify.ts';
import { nodeFromJson } from '../../../kube/from-json.ts';
import { LabelPool } from '../../../kube/label-pool.ts';
import { decodeObject } from '../../../kube/object.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { StatusCause } from '../status-error.ts';
import { textAt } from '../field-values.ts';

const reasons: ReadonlyMap<string, readonly [reason: string, words: string]> = new Map([
  ['invalid-value', ['FieldValueInvalid', 'Invalid value']],
  ['unsupported-value', ['FieldValueNotSupported', 'Unsupported value']],
  ['required-value', ['FieldValueRequired', 'Required value']],
  ['forbidden-value', ['FieldValueForbidden', 'Forbidden']],
  ['duplicate-value', ['FieldValueDuplicate', 'Duplicate value']],
  ['too-many', ['FieldValueTooMany', 'Too many']],
  ['too-long', ['FieldValueTooLong', 'Too long']],
  ['wrong-type', ['FieldValueTypeInvalid', 'Invalid value']],
]);

export interface DecodedProblems {
  readonly causes: readonly StatusCause[];
  /** What a server of another version refuses, or means differently. */
  readonly warnings: readonly string[];
}

const NOTHING: DecodedProblems = { causes: [], warnings: [] };

/** All that is wrong with an object of a kind that is decoded in `src/kube`, but for its metadata and unknown fields. */
export function decodedProblems(object: JsonObject): DecodedProblems {
  const apiVersion = textAt(object, 'apiVersion');
  const found = classify(apiVersion, textAt(object, 'kind'));
  if (found.type !== 'known') return NOTHING;
  const { definition } = found;
  const lenient = { ...definition, rules: { ...definition.rules, unknownFields: 'warning' as const } };
  const { diagnostics } = decodeObject(nodeFromJson(withoutUndefined(object)), apiVersion, lenient, {
    source: undefined,
    defaultNamespace: 'default',
    labels: new LabelPool(),
  });
  const problems = diagnostics.filter(({ message }) => !message.startsWith('metadata'));
  return {
    causes: problems.flatMap((problem) => (problem.severity === 'error' ? [causeOf(problem)] : [])),
    warnings: problems.flatMap(({ severity, code, message }) =>
      severity === 'warning' && code !== 'unknown-field' ? [message] : [],
    ),
  };
}

function causeOf({ code, message }: Diagnostic): StatusCause {
  const [reason, words] = reasons.get(code) ?? ['FieldValueInvalid', 'Invalid value'];
  const at = message.indexOf(`: ${words}`);
  if (at < 0) return { reason, message, field: '' };
  return { reason, message: message.slice(at + 2), field: message.slice(0, at) };
}

type DecodedJson = Parameters<typeof nodeFromJson>[0];

/** Fields that are `undefined` are none at all, which the decoders of `src/kube` need not know. */
function withoutUndefined(value: JsonValue): DecodedJson {
  return JSON.parse(JSON.stringify(value)) as DecodedJson;
}

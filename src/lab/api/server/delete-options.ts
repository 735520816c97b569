/** What a deletion is asked with: in the body, or without one in the query. */
import { get, isList, isObject, type JsonObject } from '../json.ts';
import type { DeleteRequest } from '../rest/rest.ts';
import { badRequest } from '../status-error.ts';
import { booleanOf, numberOf, propagationOf } from './query.ts';

export interface DeleteOptions {
  readonly request: DeleteRequest;
  readonly dryRun: readonly string[];
  /** `orphanDependents: false` of old: the only deletion that is answered with 202. */
  readonly wantsDependentsGone: boolean;
}

export function deleteOptionsFromQuery(query: URLSearchParams): DeleteOptions {
  const gracePeriodSeconds = numberOf(query, 'gracePeriodSeconds');
  const propagation = propagationOf(query.get('propagationPolicy') ?? undefined);
  return optionsOf(gracePeriodSeconds, propagation, booleanOf(query, 'orphanDependents'), {}, query.getAll('dryRun'));
}

/** @throws StatusError 400 and 422 */
export function deleteOptionsFromBody(body: JsonObject): DeleteOptions {
  const kind = get(body, 'kind');
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions')
    throw badRequest(`decoded object cannot be converted to DeleteOptions: kind is ${JSON.stringify(kind)}`);
  const grace = get(body, 'gracePeriodSeconds') ?? undefined;
  if (grace !== undefined && !Number.isSafeInteger(grace)) throw wrongType('gracePeriodSeconds', 'int64');
  const orphan = get(body, 'orphanDependents') ?? undefined;
  if (orphan !== undefined && typeof orphan !== 'boolean') throw wrongType('orphanDependents', 'bool');
  const preconditions = get(body, 'preconditions') ?? {};
  if (!isObject(preconditions)) throw wrongType('preconditions', 'Preconditions');
  const dryRun = get(body, 'dryRun') ?? [];
  if (!isList(dryRun)) throw wrongType('dryRun', '[]string');
  return optionsOf(
    typeof grace === 'number' ? grace : undefined,
    propagationOf(textOf(body, 'propagationPolicy')),
    orphan,
    { uid: textOf(preconditions, 'uid'), resourceVersion: textOf(preconditions, 'resourceVersion') },
    dryRun.map((value) => {
      if (typeof value !== 'string') throw wrongType('dryRun', 'string');
      return value;
    }),
  );
}

function optionsOf(
  gracePeriodSeconds: number | undefined,
  policy: DeleteRequest['propagationPolicy'],
  orphan: boolean | undefined,
  preconditions: NonNullable<DeleteRequest['preconditions']>,
  dryRun: readonly string[],
): DeleteOptions {
  const propagationPolicy = policy ?? (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background');
  return {
    request: { gracePeriodSeconds, propagationPolicy, preconditions },
    dryRun,
    wantsDependentsGone: orphan === false,
  };
}

function textOf(object: JsonObject, name: string): string | undefined {
  const value = get(object, name) ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw wrongType(name, 'string');
}

function wrongType(field: string, type: string): ReturnType<typeof badRequest> {
  return badRequest(`json: cannot unmarshal DeleteOptions.${field} into Go value of type ${type}`);
}

/** Questions about who one is and what one may do. In the lab everybody who is known may do everything. */
import { type JsonObject, withFields } from '../json.ts';
import { givenObjectAt, objectAt, textAt, metadataOf } from '../field-values.ts';
import type { Resource } from '../resources.ts';
import type { StatusCause } from '../status-error.ts';
import { fieldCause, refuseInvalid } from './invalid.ts';
import type { UserInfo } from './rest.ts';

const allowed = { allowed: true, reason: 'the lab allows everything to everybody who has its token' };
const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };

type Answer = (review: JsonObject, user: UserInfo, userOfToken: (token: string) => UserInfo | undefined) => JsonObject;

const answers: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['SelfSubjectReview', (_, user) => ({ userInfo: userJson(user) })],
  ['SelfSubjectAccessReview', () => allowed],
  ['SubjectAccessReview', () => allowed],
  ['LocalSubjectAccessReview', () => allowed],
  [
    'SelfSubjectRulesReview',
    () => ({
      resourceRules: [everything],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      incomplete: false,
    }),
  ],
  [
    'TokenReview',
    (review, _, userOfToken) => {
      const user = userOfToken(textAt(objectAt(review, 'spec'), 'token'));
      return user === undefined
        ? { authenticated: false, error: 'the lab did not give this token' }
        : { authenticated: true, user: userJson(user) };
    },
  ],
]);

export function isReview({ kind, custom }: Resource): boolean {
  return !custom && answers.has(kind);
}

/** The review with its answer. Throws 422 for questions that ask nothing. */
export function answered(
  resource: Resource,
  review: JsonObject,
  user: UserInfo,
  userOfToken: (token: string) => UserInfo | undefined,
): JsonObject {
  refuseInvalid(resource, textAt(metadataOf(review), 'name'), problemsOf(resource, review));
  const status = answers.get(resource.kind)?.(review, user, userOfToken) ?? {};
  return withFields(review, { metadata: metadataOf(review), status });
}

function problemsOf({ kind }: Resource, review: JsonObject): readonly StatusCause[] {
  if (!kind.endsWith('SubjectAccessReview')) return [];
  const spec = objectAt(review, 'spec');
  const asked = ['resourceAttributes', 'nonResourceAttributes'].filter(
    (name) => givenObjectAt(spec, name) !== undefined,
  );
  if (asked.length === 1) return [];
  const field = 'spec.resourceAttributes';
  const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [fieldCause('invalid', field, detail, givenObjectAt(spec, 'resourceAttributes') ?? null)];
}

function userJson({ username, uid, groups }: UserInfo): JsonObject {
  return { username, ...(uid === '' ? {} : { uid }), groups };
}

/** Which form of an answer a client wants: the `Accept` header as the API server reads it. JSON is all that is spoken. */
import { StatusError } from '../status-error.ts';

/** How objects are shown: whole, as rows of a table, or their metadata alone. */
export type ObjectForm =
  | { readonly kind: 'object' }
  | { readonly kind: 'partial' | 'table'; readonly version: 'v1' | 'v1beta1' };

/** What the answer is made of: a list cannot be one PartialObjectMetadata, nor an object a list of them. */
export type AnswerShape = 'list' | 'object' | 'watch';

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** No client has more wishes; a hostile one gets no more of them read. */
const mostRanges = 64;
const jsonTypes: ReadonlySet<string> = new Set(['*/*', 'application/*', 'application/json']);

/** Throws 406 when nothing of it can be had. */
export function negotiateForm(accept: string | undefined, shape: AnswerShape): ObjectForm {
  for (const { type, parameters } of mediaRanges(accept)) {
    if (!jsonTypes.has(type)) continue;
    const as = parameters.get('as');
    if (as === undefined) return { kind: 'object' };
    const version = parameters.get('v');
    if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue;
    if (as === 'Table') return { kind: 'table', version };
    if (as === (shape === 'list' ? 'PartialObjectMetadataList' : 'PartialObjectMetadata'))
      return { kind: 'partial', version };
  }
  throw notAcceptable();
}

/** The version of aggregated discovery, or `undefined` for the older documents. Throws 406. */
export function negotiateDiscovery(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const { type, parameters } of mediaRanges(accept)) {
    if (!jsonTypes.has(type)) continue;
    const as = parameters.get('as');
    if (as === undefined) return undefined;
    const version = parameters.get('v');
    if (as !== 'APIGroupDiscoveryList' || parameters.get('g') !== 'apidiscovery.k8s.io') continue;
    if (version === 'v2' || version === 'v2beta1') return version;
  }
  throw notAcceptable();
}

function notAcceptable(): StatusError {
  return new StatusError('NotAcceptable', 'only the following media types are accepted: application/json');
}

/** Best first; those of the same quality as they were written. */
function mediaRanges(accept: string | undefined): readonly MediaRange[] {
  if (accept === undefined || accept.trim() === '') return [{ type: '*/*', parameters: new Map(), quality: 1 }];
  return accept
    .split(',', mostRanges)
    .map((text) => mediaRange(text))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

function mediaRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';');
  const parameters = new Map(
    rest.map((parameter) => {
      const at = parameter.indexOf('=');
      return at < 0
        ? ([parameter.trim().toLowerCase(), ''] as const)
        : ([parameter.slice(0, at).trim().toLowerCase(), parameter.slice(at + 1).trim()] as const);
    }),
  );
  const quality = Number(parameters.get('q') ?? '1');
  return { type: type.trim().toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

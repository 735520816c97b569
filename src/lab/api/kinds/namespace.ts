/** Namespaces. */
import { type JsonObject, withFields } from '../json.ts';
import { Causes } from './causes.ts';
import { objectAt, textAt, textsInPlace, metadataOf } from '../field-values.ts';
import { labelKeyProblems } from '../../../kube/syntax.ts';
import type { Strategy } from './strategy.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';
const FINALIZER = 'kubernetes';
const FINALIZERS = 'spec.finalizers';
const standardFinalizers = new Set([FINALIZER, 'foregroundDeletion', 'orphan']);

export const namespaceStrategy: Strategy = {
  prepareCreate: (namespace) => {
    const spec = objectAt(namespace, 'spec');
    const finalizers = textsInPlace(spec, 'finalizers');
    return withFields(withNameLabel(namespace), {
      spec: withFields(spec, { finalizers: finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER] }),
      status: { phase: 'Active' },
    });
  },
  // Finalizers of the spec change through `finalize` alone.
  prepareUpdate: (next, before) => withFields(withNameLabel(next), { spec: objectAt(before, 'spec') }),
  validate: (namespace) => {
    const causes = new Causes();
    for (const finalizer of textsInPlace(objectAt(namespace, 'spec'), 'finalizers')) {
      causes.invalidFor(FINALIZERS, finalizer, labelKeyProblems(finalizer));
      if (!finalizer.includes('/') && !standardFinalizers.has(finalizer))
        causes.invalid(FINALIZERS, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
    }
    return causes.all;
  },
};

/** Everybody may select a namespace by its name. */
function withNameLabel(namespace: JsonObject): JsonObject {
  const metadata = metadataOf(namespace);
  const name = textAt(metadata, 'name');
  if (name === '') return namespace;
  const labels = withFields(objectAt(metadata, 'labels'), { [NAME_LABEL]: name });
  return withFields(namespace, { metadata: withFields(metadata, { labels }) });
}

/** Namespaces. */
import type { JsonObject } from '../json.ts';
import { metadataOf } from '../store/object-store.ts';
import { Causes, IMMUTABLE } from './causes.ts';
import { objectOf, textMapOf, textOf, textsOf, withFields } from './field-values.ts';
import { labelKeyProblems } from '../../../kube/syntax.ts';
import type { Strategy } from './strategy.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';
const FINALIZER = 'kubernetes';

export const namespaceStrategy: Strategy = {
  prepareCreate: (namespace) => {
    const spec = objectOf(namespace, 'spec');
    const finalizers = textsOf(spec, 'finalizers');
    return withFields(withNameLabel(namespace), {
      spec: withFields(spec, { finalizers: finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER] }),
      status: { phase: 'Active' },
    });
  },
  // Finalizers of the spec change through `finalize` alone.
  prepareUpdate: (next, before) => withFields(withNameLabel(next), { spec: objectOf(before, 'spec') }),
  validate: (namespace) => {
    const causes = new Causes();
    textsOf(objectOf(namespace, 'spec'), 'finalizers').forEach((finalizer, index) => {
      const field = `spec.finalizers[${index}]`;
      causes.invalidFor(field, finalizer, labelKeyProblems(finalizer));
      if (!finalizer.includes('/') && finalizer !== FINALIZER)
        causes.invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
    });
    const { name, label } = namesOf(namespace);
    if (label !== name) causes.invalid(`metadata.labels[${NAME_LABEL}]`, label, `must be ${name}`);
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    const { name } = namesOf(next);
    if (name !== namesOf(before).name) causes.invalid('metadata.name', name, IMMUTABLE);
    return causes.all;
  },
};

function namesOf(namespace: JsonObject): { readonly name: string; readonly label: string } {
  const metadata = metadataOf(namespace);
  return { name: textOf(metadata, 'name'), label: textMapOf(metadata, 'labels').get(NAME_LABEL) ?? '' };
}

/** Everybody may select a namespace by its name. */
function withNameLabel(namespace: JsonObject): JsonObject {
  const metadata = metadataOf(namespace);
  const { name } = namesOf(namespace);
  if (name === '') return namespace;
  const labels = withFields(objectOf(metadata, 'labels'), { [NAME_LABEL]: name });
  return withFields(namespace, { metadata: withFields(metadata, { labels }) });
}

/** Live objects to the `KubeObject`s of the rest of the house, sharing what many of them have in common. */
import { invariant } from '../../base/assert.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { classify } from '../../kube/classify.ts';
import { nodeFromJson } from '../../kube/from-json.ts';
import { type LabelEntry, LabelPool } from '../../kube/label-pool.ts';
import { decodeObject } from '../../kube/object.ts';
import type { KubeObject, Labels, PodObject } from '../../kube/objects.ts';
import { isJsonObject, type JsonObject } from './api-object.ts';
import type { FieldTree } from './json-fields.ts';
import { apiVersionOf, type KubeResource } from './resource.ts';

export interface ProjectionOptions {
  readonly resource: KubeResource;
  /** Which annotations are kept; those of others may be large. Our own and that of Ingress classes when absent. */
  readonly keepsAnnotation?: (key: string) => boolean;
  /** What is strange about an object, told each time that it is read. Of pods nothing is. */
  readonly onDiagnostics?: (diagnostics: readonly Diagnostic[]) => void;
}

/**
 * A function from API objects of one resource to objects as decoded from files, only without places. They are stored
 * already, so what today's validation would refuse counts as far as it has a meaning (D11). `undefined` when the
 * object cannot be decoded.
 */
export function objectProjection(options: ProjectionOptions): (object: JsonObject) => KubeObject | undefined {
  const { resource, keepsAnnotation = keepsOurAnnotations, onDiagnostics } = options;
  const apiVersion = apiVersionOf(resource);
  const found = classify(apiVersion, resource.kind);
  invariant(found.type === 'known', `${apiVersion} ${resource.kind} is no kind that is read`);
  const shared = new SharedParts();
  const isPod = resource.kind === 'Pod';
  return (object) => {
    const slim = withMetadata(object, keepsAnnotation);
    const decoded = decodeObject(nodeFromJson(slim), apiVersion, found.definition, {
      source: undefined,
      defaultNamespace: '',
      labels: shared.labels(),
      stored: true,
    });
    if (decoded.diagnostics.length > 0 && !isPod) onDiagnostics?.(decoded.diagnostics);
    const [kept] = decoded.objects;
    return kept?.kind === 'Pod' ? shared.pod(kept) : kept;
  };
}

function keepsOurAnnotations(key: string): boolean {
  return key.startsWith('sallyport.dev/') || key === 'kubernetes.io/ingress.class';
}

/** With fewer annotations. */
function withMetadata(object: JsonObject, keepsAnnotation: (key: string) => boolean): JsonObject {
  const { metadata } = object;
  if (!isJsonObject(metadata)) return object;
  const { annotations, ...rest } = metadata;
  const kept = isJsonObject(annotations)
    ? Object.fromEntries(Object.entries(annotations).filter(([key]) => keepsAnnotation(key)))
    : annotations;
  return { ...object, metadata: kept === undefined ? rest : { ...rest, annotations: kept } };
}

const metadataFields: FieldTree = {
  labels: true,
  ownerReferences: true,
  deletionTimestamp: true,
};

const containerFields: FieldTree = { ports: true, restartPolicy: true };

/** The fields that decoding reads, for kinds of which there are many or large ones; `undefined` for all. */
export function projectedFields({ kind }: KubeResource): FieldTree | undefined {
  return largeKinds.get(kind);
}

const largeKinds: ReadonlyMap<string, FieldTree> = new Map<string, FieldTree>([
  [
    'Pod',
    {
      metadata: metadataFields,
      spec: {
        hostNetwork: true,
        nodeName: true,
        serviceAccountName: true,
        serviceAccount: true,
        containers: containerFields,
        initContainers: containerFields,
      },
      status: { phase: true, podIP: true, podIPs: true, hostIP: true, hostIPs: true },
    },
  ],
  ['Node', { metadata: metadataFields, spec: { podCIDR: true, podCIDRs: true }, status: { addresses: true } }],
]);

/** Distinct parts remembered before remembering begins anew: in a long life many come and go. */
const maxRemembered = 100_000;

/** Counts what it takes in, because labels are hostile: anybody may make ever new ones. */
class CountingLabelPool extends LabelPool {
  added = 0;

  override add(entries: readonly LabelEntry[]): Labels {
    this.added++;
    return super.add(entries);
  }
}

/** Replicas agree in nearly everything, nodes have a hundred pods: equal parts become one object. */
class SharedParts {
  #labels = new CountingLabelPool();
  #parts = new Map<string, unknown>();

  labels(): LabelPool {
    if (this.#labels.added > maxRemembered) this.#labels = new CountingLabelPool();
    return this.#labels;
  }

  /** Written out, and with lists cut to size: objects that grew by spreading take half as much memory again. */
  pod(object: PodObject): PodObject {
    const { meta, pod } = object;
    const { owner } = meta;
    return {
      kind: 'Pod',
      apiVersion: 'v1',
      meta: {
        name: meta.name,
        namespace: this.#text(meta.namespace),
        labels: meta.labels,
        annotations: meta.annotations,
        owner: owner === undefined ? undefined : this.#part('owner', owner),
      },
      span: undefined,
      pod: {
        labels: pod.labels,
        hostNetwork: pod.hostNetwork,
        ports: this.#part('ports', pod.ports),
        nodeName: this.#text(pod.nodeName),
        serviceAccountName: this.#text(pod.serviceAccountName),
      },
      phase: object.phase,
      ips: object.ips.slice(),
      hostIps: this.#part('hosts', object.hostIps),
      terminating: object.terminating,
    };
  }

  #text(text: string): string {
    return this.#remembered(`text ${text}`, text);
  }

  /** Only for values of plain data. */
  #part<P>(what: string, part: P): P {
    return this.#remembered(
      `${what} ${JSON.stringify(part, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))}`,
      part,
    );
  }

  #remembered<P>(key: string, part: P): P {
    const known = this.#parts.get(key);
    // The key names the type of what stands under it.
    if (known !== undefined) return known as P;
    if (this.#parts.size >= maxRemembered) this.#parts = new Map();
    this.#parts.set(key, part);
    return part;
  }
}

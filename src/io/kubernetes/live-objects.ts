import type { Diagnostic } from '../../base/diagnostic.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { ApiObject } from './api-object.ts';
import type { KubeResource } from './resource.ts';

/** Kinds whose oddities change verdicts. What is odd about others the server has taken long ago. */
const policyKinds: ReadonlySet<string> = new Set([
  'NetworkPolicy',
  'ClusterNetworkPolicy',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
]);

/** The objects of one list and what was strange about them. */
export class LiveObjects {
  readonly #resource: KubeResource;
  readonly #isPolicy: boolean;
  #objects = new Map<string, KubeObject>();
  #diagnostics: Diagnostic[] = [];

  constructor(resource: KubeResource) {
    this.#resource = resource;
    this.#isPolicy = policyKinds.has(resource.kind);
  }

  /** @param decoded `undefined` for one that says nothing that we can read */
  add({ namespace, name }: ApiObject, decoded: KubeObject | undefined): void {
    // An object may come twice when the list changes between two pages.
    if (decoded !== undefined) this.#objects.set(`${namespace}/${name}`, decoded);
    else if (!this.#isPolicy) {
      this.#diagnostics.push({
        severity: 'warning',
        code: 'not-readable',
        message: 'this object cannot be read; the answer is without it',
        object: `${this.#resource.kind} ${namespace === '' ? name : `${namespace}/${name}`}`,
      });
    }
  }

  /** A policy that cannot be read at all is an error, because nobody knows what it allows. */
  strange(diagnostics: readonly Diagnostic[]): void {
    if (this.#isPolicy) this.#diagnostics.push(...diagnostics);
  }

  clear(): void {
    this.#objects = new Map();
    this.#diagnostics = [];
  }

  objects(): readonly KubeObject[] {
    return [...this.#objects.values()];
  }

  diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }
}

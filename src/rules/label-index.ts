/** Every label that pods or namespaces have, for saying which one may have been meant. */
import type { LabelSelector, Labels, Requirement } from '../kube/objects.ts';
import { matchesRequirement } from '../kube/selectors.ts';
import { closest } from '../kube/suggest.ts';

/** What the writer may have meant instead of one requirement. */
export interface NearLabel {
  readonly key: string;
  /** Absent where only the key was mistyped and any value will do. */
  readonly value?: string;
  /** `app=web` */
  readonly text: string;
}

export class LabelIndex {
  readonly #values = new Map<string, Set<string>>();
  readonly #sets = new Set<Labels>();

  /** Equal label sets may be given any number of times. */
  add(labels: Labels): void {
    if (this.#sets.has(labels)) return;
    this.#sets.add(labels);
    for (const [key, value] of labels) {
      const values = this.#values.get(key);
      if (values === undefined) this.#values.set(key, new Set([value]));
      else values.add(value);
    }
  }

  get isEmpty(): boolean {
    return this.#sets.size === 0;
  }

  hasKey(key: string): boolean {
    return this.#values.has(key);
  }

  has(key: string, value: string): boolean {
    return this.#values.get(key)?.has(value) ?? false;
  }

  /** Sorted. */
  valuesOf(key: string): readonly string[] {
    return [...(this.#values.get(key) ?? [])].sort();
  }

  /** Sorted. */
  keys(): readonly string[] {
    return [...this.#values.keys()].sort();
  }

  /**
   * The label nearest to what a requirement asks for and nobody has: a value like it under the same key, else the same
   * value under a key like it, else a key like it.
   */
  nearest(requirement: Requirement): NearLabel | undefined {
    const { key, operator, values } = requirement;
    if (operator === 'NotIn' || operator === 'DoesNotExist') return undefined;
    if (operator === 'Exists') {
      const meant = this.hasKey(key) ? undefined : closest(key, this.keys());
      return meant === undefined ? undefined : { key: meant, text: meant };
    }
    const wanted = values.find((value) => !this.has(key, value));
    if (wanted === undefined) return undefined;
    if (this.hasKey(key)) {
      const value = closest(wanted, this.valuesOf(key));
      return value === undefined ? undefined : { key, value, text: `${key}=${value}` };
    }
    const withValue = this.keys().filter((other) => this.has(other, wanted));
    const sameValue = closest(key, withValue) ?? (withValue.length === 1 ? withValue[0] : undefined);
    if (sameValue !== undefined) return { key: sameValue, value: wanted, text: `${sameValue}=${wanted}` };
    const other = closest(key, this.keys());
    if (other === undefined) return undefined;
    const value = closest(wanted, this.valuesOf(other));
    return value === undefined ? { key: other, text: other } : { key: other, value, text: `${other}=${value}` };
  }

  /** The requirements of a selector that no label set satisfies even alone. */
  unmatched(selector: LabelSelector): readonly Requirement[] {
    const sets = [...this.#sets];
    return selector.requirements.filter(
      (requirement) => !sets.some((labels) => matchesRequirement(requirement, labels)),
    );
  }
}

import type { ScalarNode } from '../yaml/node.ts';
import type { Labels } from './objects.ts';

/** A label as it stands in a mapping. */
export interface LabelEntry {
  readonly key: ScalarNode;
  readonly value: string;
}

/** Replicas carry equal labels: one map serves all of them, and valid labels are checked once. */
export class LabelPool {
  readonly empty: Labels = new Map();
  readonly #known = new Map<string, Labels>();

  /** The shared map of labels that {@link add} has seen, written in the same order. */
  find(entries: readonly LabelEntry[]): Labels | undefined {
    return this.#known.get(signature(entries));
  }

  /** Shares a map from now on. */
  add(entries: readonly LabelEntry[]): Labels {
    const labels = this.make(entries);
    this.#known.set(signature(entries), labels);
    return labels;
  }

  /** A map that is not shared. */
  make(entries: readonly LabelEntry[]): Labels {
    return new Map(entries.map(({ key, value }) => [String(key.value), value]));
  }
}

function signature(entries: readonly LabelEntry[]): string {
  let text = '';
  // Neither valid keys nor valid values contain a newline, and invalid ones are never added.
  for (const { key, value } of entries) text += `${String(key.value)}\n${value}\n`;
  return text;
}

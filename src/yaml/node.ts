/** YAML and JSON text as a tree that remembers where everything stood. Offsets are UTF-16 offsets into the source text. */

interface NodeBase {
  readonly start: number;
  readonly end: number;
}

export interface ScalarNode extends NodeBase {
  readonly type: 'scalar';
  /** Resolved as Kubernetes resolves it (semantics T3): plain `yes` is `true`, quoted `"80"` is a string. */
  readonly value: string | number | boolean | null;
  /** The characters of the scalar after unquoting and folding, before type resolution. */
  readonly raw: string;
  /** Quoted or block style: always a string. */
  readonly quoted: boolean;
}

export interface MappingEntry {
  /** Keys as strings, as a JSON conversion makes them. */
  readonly key: ScalarNode;
  readonly value: YamlNode;
}

export interface MappingNode extends NodeBase {
  readonly type: 'mapping';
  /** In text order; a duplicate key stands here twice and is reported by the decoder. */
  readonly entries: readonly MappingEntry[];
}

export interface SequenceNode extends NodeBase {
  readonly type: 'sequence';
  readonly items: readonly YamlNode[];
}

export type YamlNode = ScalarNode | MappingNode | SequenceNode;

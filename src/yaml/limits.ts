/** How much of a hostile text is read before giving up. Every limit ends in one diagnostic `yaml-limit`. */
export interface YamlLimits {
  /** Collections inside each other. Kubernetes objects stay below 20, CRD schemas below 50. */
  readonly maxDepth: number;
  /**
   * Nodes that aliases and merge keys add to the whole text. Shared nodes cost no memory, but whoever walks the
   * tree meets them every time ("billion laughs").
   */
  readonly maxAliasNodes: number;
  /**
   * Scalars and collections that may be in memory together, at about 100 bytes each: those of one document when
   * documents are handed over one by one, else those of the whole text.
   */
  readonly maxNodes: number;
  /** UTF-16 units of one document (one value of a JSON stream). */
  readonly maxDocumentLength: number;
  /**
   * UTF-16 units of one document that is more than everyday YAML (anchors, tags, texts over several lines, errors): the
   * parser for it needs twenty times the memory.
   */
  readonly maxEventLength: number;
}

export const DEFAULT_YAML_LIMITS: YamlLimits = {
  maxDepth: 100,
  maxAliasNodes: 1_000_000,
  maxNodes: 10_000_000,
  maxDocumentLength: 256 * 1024 * 1024,
  maxEventLength: 32 * 1024 * 1024,
};

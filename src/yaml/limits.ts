/** How much of a hostile text is read before giving up. Every limit ends in one diagnostic `yaml-limit`. */
export interface YamlLimits {
  /** Collections inside each other. Kubernetes objects stay below 20, CRD schemas below 50. */
  readonly maxDepth: number;
  /**
   * Nodes that aliases and merge keys add to the whole text. Shared nodes cost no memory, but whoever walks the
   * tree meets them every time ("billion laughs").
   */
  readonly maxAliasNodes: number;
  /** Scalars and collections that the whole text may hold. */
  readonly maxNodes: number;
  /** UTF-16 units of one document (one value of a JSON stream). */
  readonly maxDocumentLength: number;
}

export const DEFAULT_YAML_LIMITS: YamlLimits = {
  maxDepth: 100,
  maxAliasNodes: 1_000_000,
  maxNodes: 50_000_000,
  maxDocumentLength: 256 * 1024 * 1024,
};

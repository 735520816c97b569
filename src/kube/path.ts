/** Field paths as the API server writes them: `spec.ingress[0].from[1].podSelector`. */
export interface FieldPath {
  readonly parent: FieldPath | undefined;
  readonly key: string | number;
}

/** A field of an object, or of the root when `parent` is `undefined`. */
export function field(parent: FieldPath | undefined, key: string): FieldPath {
  return { parent, key };
}

/** An item of the list at `parent`. */
export function item(parent: FieldPath, index: number): FieldPath {
  return { parent, key: index };
}

/** The path as text; the root itself is `<nil>`, Go's name for it. */
export function formatPath(path: FieldPath | undefined): string {
  if (path === undefined) return '<nil>';
  const parts: string[] = [];
  for (let at: FieldPath | undefined = path; at !== undefined; at = at.parent) {
    parts.push(typeof at.key === 'number' ? `[${at.key}]` : at.parent === undefined ? at.key : `.${at.key}`);
  }
  return parts.reverse().join('');
}

/** The path without list positions, as Go's JSON decoder names a struct field: `spec.ingress.from`. */
export function goFieldName(path: FieldPath | undefined): string {
  const parts: string[] = [];
  for (let at = path; at !== undefined; at = at.parent) {
    if (typeof at.key === 'string') parts.push(at.key);
  }
  return parts.reverse().join('.');
}

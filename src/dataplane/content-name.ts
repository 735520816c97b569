/** Names of kernel objects: letters and digits that depend on nothing but what the object stands for. */

/**
 * A tag of 14 characters [0-9a-z]. Equal texts have equal tags; different texts may collide, so whoever names objects
 * by it keeps a {@link ContentNames}.
 */
export function contentTag(text: string): string {
  let one = 0x811c9dc5;
  let two = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ (unit + i), 0x85ebca6b);
    two ^= two >>> 13;
  }
  return part(one ^ (one >>> 15)) + part(two ^ (two >>> 16));
}

function part(hash: number): string {
  return (hash >>> 0).toString(36).padStart(7, '0');
}

/** Gives every text a name of its own, also when tags collide (input is hostile: someone may look for collisions). */
export class ContentNames {
  private readonly textOf = new Map<string, string>();

  name(prefix: string, text: string): string {
    const base = `${prefix}_${contentTag(text)}`;
    let name = base;
    for (let again = 2; ; again++) {
      const owner = this.textOf.get(name);
      if (owner === undefined || owner === text) break;
      name = `${base}_${again}`;
    }
    this.textOf.set(name, text);
    return name;
  }
}

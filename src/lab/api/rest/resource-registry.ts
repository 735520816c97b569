/** Which resources there are: the built-in ones, and those that definitions add. */
import { BugError } from '../../../base/assert.ts';
import type { JsonObject } from '../json.ts';
import { builtInResources, type Resource } from '../resources.ts';
import type { ScalePaths } from './scale.ts';
import { resourceKey } from '../store/object-store.ts';
import { type KindShape, messageShape } from './kind-shape.ts';

/** A resource of a custom resource definition, one version of it. */
export interface CustomKind {
  readonly resource: Resource;
  readonly shape: KindShape;
  /** `openAPIV3Schema` of the version. */
  readonly schema: JsonObject | undefined;
  /** For the `scale` subresource. */
  readonly scale: ScalePaths | undefined;
}

export class ResourceRegistry {
  private all: readonly Resource[] = builtInResources;
  private readonly index = new Map(builtInResources.map((resource) => [keyOf(resource), resource]));
  private readonly custom = new Map<string, CustomKind>();
  /** Of custom resources, by {@link resourceKey}. */
  private readonly storedVersions = new Map<string, string>();
  private readonly shapes = new Map<string, KindShape>();

  get resources(): readonly Resource[] {
    return this.all;
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.index.get(keyOf({ group, version, plural }));
  }

  customKind(resource: Resource): CustomKind | undefined {
    return this.custom.get(keyOf(resource));
  }

  shapeOf(resource: Resource): KindShape {
    const custom = this.customKind(resource);
    if (custom !== undefined) return custom.shape;
    const { message } = resource;
    if (message === undefined) throw new BugError(`${resource.plural} has neither a type nor a definition`);
    const known = this.shapes.get(message);
    if (known !== undefined) return known;
    const shape = messageShape(message);
    this.shapes.set(message, shape);
    return shape;
  }

  /** The resource in the version that its objects are stored in. */
  storedAs(resource: Resource): Resource {
    const version = this.storedVersions.get(resourceKey(resource));
    return version === undefined || version === resource.version ? resource : { ...resource, version };
  }

  /** Replaces all versions of a group's resource; takes it away when there are none. */
  register(group: string, plural: string, kinds: readonly CustomKind[], storedVersion = ''): void {
    if (storedVersion === '') this.storedVersions.delete(resourceKey({ group, plural }));
    else this.storedVersions.set(resourceKey({ group, plural }), storedVersion);
    for (const resource of this.all)
      if (resource.group === group && resource.plural === plural) {
        this.index.delete(keyOf(resource));
        this.custom.delete(keyOf(resource));
      }
    for (const kind of kinds) {
      this.index.set(keyOf(kind.resource), kind.resource);
      this.custom.set(keyOf(kind.resource), kind);
    }
    const others = this.all.filter((resource) => resource.group !== group || resource.plural !== plural);
    this.all = [...others, ...kinds.map(({ resource }) => resource)];
  }
}

function keyOf({ group, version, plural }: Pick<Resource, 'group' | 'version' | 'plural'>): string {
  return `${group}/${version}/${plural}`;
}

/** Names of images, as far as defaults depend on them. */

/** What follows the last colon behind the last slash; `latest` without one, `''` when a digest says it all. */
export function imageTag(image: string): string {
  const [name = '', digest] = image.split('@', 2);
  const colon = name.lastIndexOf(':');
  const tag = colon > name.lastIndexOf('/') ? name.slice(colon + 1) : '';
  return tag === '' && digest === undefined ? 'latest' : tag;
}

/** Where pods see the programs of the lab. */
export const BUILT_IN_FOLDER = '/opt/sallyport/bin';

export function builtIn(name: string): string {
  return `${BUILT_IN_FOLDER}/${name}`;
}

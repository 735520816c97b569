/** Where pods see the programs of the lab. */
export const BUILT_IN_FOLDER = '/opt/sallyport/bin';
/** Those of them that are as busybox has them, for images that have busybox: before those of the machine. */
export const BUSYBOX_FOLDER = '/opt/sallyport/busybox';
/** Where containers look for programs: first among those of the machine. */
export const PROGRAM_PATH = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${BUILT_IN_FOLDER}`;

export function builtIn(name: string): string {
  return `${BUILT_IN_FOLDER}/${name}`;
}

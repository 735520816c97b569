import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packagedFolder } from '../../../io/package-root.ts';

/** Where the scripts of the init process are: beside this file, or where the build has put them. */
export function initScript(): string {
  const beside = fileURLToPath(new URL('perl/init.pl', import.meta.url));
  return existsSync(beside) ? beside : `${packagedFolder('dist', 'lab-programs', 'netns')}/init.pl`;
}

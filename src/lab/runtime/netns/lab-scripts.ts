/** Where the scripts that perl reads are: beside the sources, or where the build has put them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagedFolder } from '../../../io/package-root.ts';
import { PROGRAM_SCRIPTS } from '../programs/programs.ts';

/** Of the init process. @throws OperationalError `installation-incomplete` */
export function initScript(): string {
  return join(scripts('perl/', 'netns'), 'init.pl');
}

/** Of the built-in programs, by the names that they are started by. @throws OperationalError `installation-incomplete` */
export function programScripts(): ReadonlyMap<string, string> {
  const folder = scripts('../programs/', 'programs');
  return new Map(PROGRAM_SCRIPTS.flatMap(({ file, programs }) => programs.map((name) => [name, join(folder, file)])));
}

function scripts(source: string, built: string): string {
  const beside = fileURLToPath(new URL(source, import.meta.url));
  return isSourceTree() ? beside : packagedFolder('dist', 'lab-programs', built);
}

function isSourceTree(): boolean {
  return existsSync(fileURLToPath(new URL('perl/init.pl', import.meta.url)));
}

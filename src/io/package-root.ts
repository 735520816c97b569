import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperationalError } from './operational-error.ts';
import { systemErrorReason } from './system-error.ts';

/**
 * The folder that Sallyport itself is installed in: the nearest one above this module with a `package.json`. So
 * sources, the build and an installed package find their own files alike.
 */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw incomplete('its package.json is missing');
    folder = parent;
  }
  return folder;
}

/** @throws OperationalError `installation-incomplete` */
export function packageVersion(): string {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  } catch (error) {
    if (error instanceof OperationalError) throw error;
    throw incomplete(`its package.json cannot be read: ${systemErrorReason(error)}`);
  }
  if (typeof content === 'object' && content !== null && 'version' in content && typeof content.version === 'string') {
    return content.version;
  }
  throw incomplete('its package.json names no version');
}

/** A folder that ships with the package. @throws OperationalError `installation-incomplete` */
export function packagedFolder(...segments: readonly string[]): string {
  const folder = join(packageRoot(), ...segments);
  if (!existsSync(folder)) throw incomplete(`${segments.join('/')} is missing`);
  return folder;
}

function incomplete(what: string): OperationalError {
  return new OperationalError('installation-incomplete', `this installation of Sallyport is incomplete: ${what}`, {
    hint: 'install it again: npm install -g sallyport',
    exitCode: 4,
  });
}

import { OperationalError } from './operational-error.ts';

/** Editors save in several steps, and `git checkout` in hundreds. */
const quietMs = 100;

/**
 * Calls back after files or folders have changed and stayed the same for a moment; never ends by itself. A call that is
 * still at work when the next change comes is waited for. `onReady`: from now on every change is seen.
 *
 * @throws OperationalError `watch` when the system refuses to watch
 */
export async function watchFiles(
  paths: readonly string[],
  onChange: () => Promise<void>,
  onReady: () => void = () => {},
): Promise<never> {
  // Only who watches pays for loading it.
  const { watch } = await import('chokidar');
  return new Promise((_, reject) => {
    const watcher = watch([...paths], { ignoreInitial: true, ignored: /[\\/](?:\.git|node_modules)(?:[\\/]|$)/ });
    let timer: ReturnType<typeof setTimeout> | undefined;
    let work = Promise.resolve();
    watcher.on('all', () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        work = work.then(onChange);
        work.catch(reject);
      }, quietMs);
    });
    watcher.on('ready', onReady);
    watcher.on('error', (error) => {
      reject(new OperationalError('watch', `cannot watch: ${String(error)}`, { exitCode: 4, cause: error }));
    });
  });
}

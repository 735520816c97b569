import { kubeconfigPath, labFolder, labsFolder, runningLabs } from '../../lab/lab-folder.ts';
import { resultApiVersion } from '../../engine/results.ts';
import { visible } from '../../report/escape.ts';

export async function labStatus({ output }: { readonly output: 'json' | 'text' }): Promise<void> {
  const parent = labsFolder(process.env, process.getuid?.() ?? -1);
  const labs = (await runningLabs(parent)).map(({ processStart: _, ...lab }) => ({
    ...lab,
    kubeconfig: kubeconfigPath(labFolder(parent, lab.name)),
  }));
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify({ apiVersion: resultApiVersion, kind: 'LabList', labs }, undefined, 2)}\n`);
  } else if (labs.length === 0) {
    process.stderr.write('no lab is running; sallyport lab starts one\n');
  } else {
    const rows = labs.map(({ name, runtime, nodes, ipFamily, pid, kubeconfig }) =>
      [name, runtime, String(nodes), ipFamily, String(pid), kubeconfig].map(visible),
    );
    process.stdout.write(columns([['NAME', 'RUNTIME', 'NODES', 'IP FAMILY', 'PID', 'KUBECONFIG'], ...rows]));
  }
  if (labs.length === 0) process.exitCode = 1;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

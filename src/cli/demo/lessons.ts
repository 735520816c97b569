import { packagedFolder } from '../../io/package-root.ts';
import type { Question } from './step.ts';

/** One step of the walk through `examples/three-tier`. */
export interface Lesson {
  readonly title: string;
  readonly text: string;
  /** Folders of the example that are applied so far. */
  readonly folders: readonly string[];
  readonly questions: readonly Question[];
}

const frontendToBackend: Question = { source: 'frontend/frontend', target: 'backend/svc/backend-svc:80' };
const frontendToDb: Question = { source: 'frontend/frontend', target: 'db/svc/db-svc:80' };
const frontendToDns: Question = { source: 'frontend/frontend', target: 'kube-system/svc/kube-dns:53/udp' };

export const lessons: readonly Lesson[] = [
  {
    title: '1. No policy',
    text:
      'Three tiers (frontend, backend, db) and the DNS of the cluster. Without policies every pod may talk to every ' +
      'other pod and to the internet, so the frontend reaches the database directly.',
    folders: ['app'],
    questions: [frontendToDb],
  },
  {
    title: '2. Default deny',
    text:
      'One policy in each of the three namespaces selects every pod and allows nothing. Both gates of every pod are ' +
      'shut. kube-system has no policy and stays open.',
    folders: ['app', '1-default-deny'],
    questions: [frontendToBackend],
  },
  {
    title: '3. Allow what the application needs',
    text:
      'frontend to backend and backend to db, each opened at both ends. The direct way from frontend to db stays shut. ' +
      'One thing is missing, and it is the classic one: nobody can look up names.',
    folders: ['app', '1-default-deny', '2-allow'],
    questions: [frontendToBackend, frontendToDns],
  },
  {
    title: '4. Allow DNS',
    text: 'Lookups are allowed for frontend and backend; db opens no connections and needs none. The application works.',
    folders: ['app', '1-default-deny', '2-allow', '3-dns'],
    questions: [frontendToDns, frontendToDb],
  },
];

/** A folder of the example, wherever the package is installed. */
export function exampleFolder(folder: string): string {
  return packagedFolder('examples', 'three-tier', folder);
}

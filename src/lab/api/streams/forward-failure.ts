/** Why a port could not be reached, in the words that kubectl prints. */
export function forwardFailure(port: number, pod: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `error forwarding port ${port} to pod ${pod}: ${reason}`;
}

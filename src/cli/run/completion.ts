export function runCompletion(_shell: string, _p: object): void {}

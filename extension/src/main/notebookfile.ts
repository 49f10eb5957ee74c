/** Where a file that a ledger names by its own folder lies below the server's root. */

/**
 * `ledger` is how the server calls the ledger's folder (`project/.nbledger`), `path` what the view was opened for,
 * `notebook` the file relative to the project.
 */
export function below(ledger: string | null, path: string, notebook: string): string {
  if (path === notebook || (path && notebook.endsWith(`/${path}`))) {
    return path;
  }
  const parts = (ledger ?? '').split('/').slice(0, -1);
  return [...parts, notebook].join('/');
}

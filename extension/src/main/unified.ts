/** A unified diff as rows that a table can show beside line numbers. */

export interface IDiffLine {
  kind: 'same' | 'removed' | 'added' | 'gap';
  /** Line number before and after; `null` where the line is not there. */
  before: number | null;
  after: number | null;
  text: string;
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;

/** The rows of a unified diff; the file names above its first hunk are left out. */
export function lines(unified: string): IDiffLine[] {
  const found: IDiffLine[] = [];
  let before = 0;
  let after = 0;
  let inside = false;
  for (const line of unified.replace(/\n$/, '').split('\n')) {
    const hunk = HUNK.exec(line);
    if (hunk) {
      [before, after] = [Number(hunk[1]), Number(hunk[2])];
      if (inside) {
        found.push({ kind: 'gap', before: null, after: null, text: hunk[3] });
      }
      inside = true;
    } else if (inside && line.startsWith('-')) {
      found.push({ kind: 'removed', before: before++, after: null, text: line.slice(1) });
    } else if (inside && line.startsWith('+')) {
      found.push({ kind: 'added', before: null, after: after++, text: line.slice(1) });
    } else if (inside && !line.startsWith('\\')) {
      found.push({ kind: 'same', before: before++, after: after++, text: line.slice(1) });
    }
  }
  return found;
}

/** How many lines were added and removed. */
export function counts(rows: IDiffLine[]): { added: number; removed: number } {
  return {
    added: rows.filter(row => row.kind === 'added').length,
    removed: rows.filter(row => row.kind === 'removed').length
  };
}

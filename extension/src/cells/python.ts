/**
 * Python source as far as a notebook cell is concerned: whether two sources are the same code, and `%%track` lines.
 *
 * Nothing here parses: comments, blank lines and spacing between tokens are left out, strings are kept as they are.
 * Where that is not enough two equal sources count as different, never the other way round.
 */

/** What the ledger writes in place of a credential. */
const REDACTED = '[redacted]';

/** The server sends no more than these characters of a cell. */
const MOST_CODE = 100_000;

const MOST_REMEMBERED = 2000;

const STRING_START = /^(?:[rRbBuUfFtT]{0,2})("""|'''|"|')/;
const WORD = /[\p{L}\p{N}_]/u;

/** Tell whether `live` is the code that was recorded, whatever its comments, layout and `%%track` line. */
export function isSameCode(live: string, recorded: string): boolean {
  if (live === recorded || (recorded.length >= MOST_CODE && live.startsWith(recorded))) {
    return true;
  }
  const [one, other] = [remembered(live), remembered(recorded)];
  return one === other || (other.includes(REDACTED) && fills(one, other));
}

const essences = new Map<string, string>();

/** The essence of a source; a notebook's cells are compared again with every change, and few of them are other ones. */
function remembered(source: string): string {
  let found = essences.get(source);
  if (found === undefined) {
    found = essence(source);
    if (essences.size >= MOST_REMEMBERED) {
      essences.clear();
    }
    essences.set(source, found);
  }
  return found;
}

/** A source without `%%track` line, comments, blank lines, and spaces that separate nothing. */
export function essence(source: string): string {
  let out = '';
  let line = '';
  let depth = 0;
  let at = 0;
  const text = withoutTrack(source).replace(/\r\n?/g, '\n');
  const endLine = (): void => {
    if (line.trim()) {
      out += line.replace(/\s+$/, '') + '\n';
    }
    line = '';
  };
  while (at < text.length) {
    const char = text[at];
    const quote = WORD.test(line.slice(-1)) ? null : STRING_START.exec(text.slice(at, at + 5));
    if (quote) {
      const end = endOfString(text, at + quote[0].length, quote[1]);
      line += text.slice(at, end);
      at = end;
    } else if (char === '#') {
      at = endOfLine(text, at);
    } else if (char === '\n') {
      if (depth === 0) {
        endLine();
      }
      at += 1;
    } else if (char === '\\' && text[at + 1] === '\n') {
      at += 2;
    } else if (/\s/.test(char)) {
      const start = at;
      while (at < text.length && /[^\S\n]/.test(text[at])) {
        at += 1;
      }
      if (line === '' && depth === 0) {
        line = text.slice(start, at);
      } else if (WORD.test(line.slice(-1)) && WORD.test(text[at] ?? '')) {
        line += ' ';
      }
    } else if (line.trim() === '' && depth === 0 && (char === '%' || char === '!')) {
      const end = endOfLine(text, at); // a magic or a command: every character counts
      line += text.slice(at, end);
      at = end;
    } else {
      depth = Math.max(0, depth + ('([{'.includes(char) ? 1 : ')]}'.includes(char) ? -1 : 0));
      line += char;
      at += 1;
    }
  }
  endLine();
  return out;
}

/** Whether a cell is tracked: `%%track` stands among its leading cell magics. */
export function isTracked(source: string): boolean {
  return trackLine(source) !== null;
}

/** One edit that turns a cell into a tracked one, or back: replace `[start, end)` by `text`. */
export function toggleTrack(source: string): { start: number; end: number; text: string } {
  const found = trackLine(source);
  return found ? { ...found, text: '' } : { start: 0, end: 0, text: source.startsWith('\n') ? '%%track' : '%%track\n' };
}

/** Whether a cell sets up the recording itself, so that it comes first in a kernel that is new. */
export function startsLedger(source: string): boolean {
  return /^[ \t]*%(?:(?:re)?load_ext[ \t]+nbledger|track[ \t]+on|ledger[ \t]+use)\b/m.test(source);
}

function trackLine(source: string): { start: number; end: number } | null {
  let start = 0;
  while (start < source.length) {
    const newline = source.indexOf('\n', start);
    const end = newline < 0 ? source.length : newline + 1;
    const line = source.slice(start, end);
    if (/^%%track(?![\w?])/.test(line)) {
      return { start, end };
    }
    if (line.trim() && !/^\s*%%\w/.test(line)) {
      return null;
    }
    start = end;
  }
  return null;
}

function withoutTrack(source: string): string {
  const found = trackLine(source);
  return found ? source.slice(0, found.start) + source.slice(found.end) : source;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** Where a string that has begun ends; an unfinished one ends with its line (a short one) or the text (a long one). */
function endOfString(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length) {
    if (text[at] === '\\') {
      at += 2;
    } else if (text.startsWith(quote, at)) {
      return at + quote.length;
    } else if (quote.length === 1 && text[at] === '\n') {
      return at;
    } else {
      at += 1;
    }
  }
  return text.length;
}

/** Tell whether `text` is `pattern` with something in place of each `[redacted]`. */
function fills(text: string, pattern: string): boolean {
  const parts = pattern.split(REDACTED);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const found = index === 0 ? (text.startsWith(part) ? 0 : -1) : last ? text.length - part.length : text.indexOf(part, at);
    if (found < at || !text.startsWith(part, found)) {
      return false;
    }
    at = found + part.length;
  }
  return true;
}

/** Which version held an alias when: an alias's events as spans of time. */
import type { IAliasEvent } from '../api';

export interface ISpan {
  alias: string;
  version: number;
  from: number;
  /** `null` where it still holds. */
  to: number | null;
  event: IAliasEvent;
}

/** The spans of every alias, each alias's own in the order of time. */
export function spans(events: readonly IAliasEvent[]): Map<string, ISpan[]> {
  const found = new Map<string, ISpan[]>();
  for (const event of [...events].sort((one, other) => one.at - other.at)) {
    const own = found.get(event.alias) ?? [];
    found.set(event.alias, own);
    const last = own[own.length - 1];
    if (last && last.to === null) {
      last.to = event.at;
    }
    if (event.version !== null) {
      own.push({ alias: event.alias, version: event.version, from: event.at, to: null, event });
    }
  }
  return found;
}

/** The span in which a time falls. */
export function heldAt(own: readonly ISpan[], time: number): ISpan | undefined {
  return own.find(span => span.from <= time && (span.to === null || time < span.to));
}

/**
 * Left edge and width of each span, of 100; the last one ends now. A span gets no less than `least`, so that it can be
 * seen and pointed at; what that takes is taken from the longer ones.
 */
export function places(own: readonly ISpan[], from: number, now: number, least = 3): { left: number; width: number }[] {
  const whole = Math.max(now - from, 1e-9);
  const raw = own.map(span => ({
    left: ((span.from - from) / whole) * 100,
    width: (((span.to ?? now) - span.from) / whole) * 100
  }));
  const short = raw.reduce((sum, one) => sum + Math.max(0, least - one.width), 0);
  if (short === 0) {
    return raw;
  }
  const long = raw.reduce((sum, one) => sum + Math.max(0, one.width - least), 0);
  const scale = long > 0 ? Math.max(0, 1 - short / long) : 1;
  let shift = 0;
  return raw.map(one => {
    const width = one.width < least ? least : least + (one.width - least) * scale;
    const left = one.left + shift;
    shift += width - one.width;
    return { left, width };
  });
}

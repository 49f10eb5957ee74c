/** A promotion or rollback that was only tried, in plain sentences: exactly what carrying it out would change. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IGateResult, IPromotion } from '../api';

/** Whether anything would change. */
export function moves(tried: IPromotion): boolean {
  return tried.version !== tried.from;
}

/** What the alias would do, in one sentence. */
export function sentence(tried: IPromotion, trans: TranslationBundle): string {
  const { model, alias, version, from } = tried;
  if (!moves(tried)) {
    return trans.__('@%1 of %2 is at version %3 already; nothing changes.', alias, model, String(version));
  }
  if (version === null) {
    return trans.__('@%1 of %2 is taken away from version %3.', alias, model, String(from));
  }
  return from === null
    ? trans.__('@%1 of %2 is set to version %3. No version holds it now.', alias, model, version)
    : trans.__('@%1 of %2 moves from version %3 to version %4.', alias, model, from, version);
}

/** The gates that stand in the way. */
export function failing(gates: readonly IGateResult[]): IGateResult[] {
  return gates.filter(gate => gate.outcome === 'failed' || gate.outcome === 'error');
}

/** `3 gates passed, 1 gate did not pass`. */
export function tally(gates: readonly IGateResult[], trans: TranslationBundle): string {
  const count = (...outcomes: string[]) => gates.filter(gate => outcomes.includes(gate.outcome)).length;
  const parts = [
    [count('passed'), (n: number) => trans._n('%1 gate passed', '%1 gates passed', n)],
    [count('failed', 'error'), (n: number) => trans._n('%1 gate did not pass', '%1 gates did not pass', n)],
    [count('waived'), (n: number) => trans._n('%1 gate is waived', '%1 gates are waived', n)]
  ] as [number, (n: number) => string][];
  return parts
    .filter(([number]) => number > 0)
    .map(([number, words]) => words(number))
    .join(', ');
}
